"""Trains the recogniser: CTC on syllables teaches the encoder to hear, then the attention decoder learns to write.

On a CPU everything runs in bfloat16 with float32 master weights, ten times faster there than autocast; on a GPU the same.
Give it no more threads than there are free cores (OMP_NUM_THREADS). Stops after `--steps`, or after `--minutes` where a
machine is lent for so long; a checkpoint is written every `--look` steps and taken up again. The learning rate is constant
until the last `--cooldown` of the run. By steps it is deterministic for one list of parts, one seed and one kind of machine;
by minutes it is not, because parts may appear while it runs.
"""

import argparse
import json
import random
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import ggml
from features import padding
from model import Dimensions, Recognizer
from tokens import Tokens

CTC_ALONE = 2_500
"""Steps before which the decoder is not trained: it cannot align before the encoder hears."""

SHORT_UNTIL, SHORT = 1_200, 220
"""Steps that see short utterances only, and what is short, in frames of 10 ms."""

UNUSED_LOGIT = 10.83
"""ln(50,500): what the rows of unused tokens, all zero, add to the softmax of the finished file."""


class Utterance(NamedTuple):
    """One line of a part: where its frames lie, what is written for it (compact tokens), what is heard (CTC units)."""

    memory: torch.Tensor
    at: int
    length: int
    kind: str
    language: str
    text: list
    units: list


class Parts:
    """Utterances of all parts in a folder: mapped into memory on a CPU, copied to a GPU, which holds some 1,000 hours."""

    def __init__(self, folder, tokens, device):
        self.folder, self.tokens, self.device = Path(folder), tokens, device
        self.utterances, self.known = [], set()
        self.refresh()

    def refresh(self, room=None):
        """Takes up parts that have appeared. With `room`, rows for tokens and units, utterances that need more rows are left out."""
        for path in sorted(self.folder.glob("*.json")):
            if path in self.known:
                continue
            self.known.add(path)
            frames, at = np.load(path.with_suffix(".npy"), mmap_mode="c"), 0
            memory = torch.from_numpy(frames).to(self.device)
            for length, kind, language, text, sounds in json.loads(path.read_text()):
                utterance = Utterance(memory, at, length, kind, language, self.tokens.encode(text), self.tokens.ctc(sounds))
                at += length
                has_rows = room is None or all(max(numbers, default=0) < rows for numbers, rows in zip(utterance[-2:], room))
                # CTC needs a frame for each unit, and one between equal ones.
                if has_rows and length // 2 > len(utterance.units) + 4:
                    self.utterances.append(utterance)

    def batches(self, rng, frames, shortest_first):
        """Batches of about `frames` frames each, utterances of like length together, in random order."""
        chosen = [u for u in self.utterances if u.length < SHORT] if shortest_first else self.utterances
        chosen = sorted(chosen, key=lambda u: u.length + rng.random() * 40)
        batch = []
        batches = []
        for utterance in chosen:
            if batch and (len(batch) + 1) * (utterance.length + 60) > frames:
                batches.append(batch)
                batch = []
            batch.append(utterance)
        batches.append(batch)
        rng.shuffle(batches)
        return batches


def collate(rng, tokens, batch, train=True):
    """Features padded as whisper.cpp pads them, decoder input and target, CTC units and their counts."""
    device = batch[0].memory.device
    longest = max(utterance.length for utterance in batch)
    # whisper.cpp's context is the utterance, 41 frames and up to 64 more; in training less, because padding costs time.
    frames = longest + rng.randint(10, 50) * 2 if train else (longest + 41) // 64 * 64 + 64
    frames += -frames % 32 if train else frames % 2
    heard = nn.utils.rnn.pad_sequence([u.memory[u.at : u.at + u.length] for u in batch], batch_first=True)
    features = F.pad(heard, (0, 0, 0, frames - longest)).transpose(1, 2)
    lengths = torch.tensor([u.length for u in batch], device=device)[:, None, None]
    after = torch.arange(frames, device=device) >= lengths
    low = features.masked_fill(after, torch.inf).amin((1, 2), keepdim=True)
    features = torch.where(after, padding(features.masked_fill(after, -torch.inf).amax((1, 2), keepdim=True)), features)
    if train:
        features = mask(features, lengths, low)
    width = max(len(utterance.text) for utterance in batch) + 5
    given = np.full((len(batch), width), tokens.end())
    wanted = np.full((len(batch), width), -100)
    for row, utterance in enumerate(batch):
        count = len(utterance.text)
        given[row, :4] = tokens.prompt(utterance.language)
        given[row, 4 : 4 + count] = utterance.text
        wanted[row, 3 : 3 + count] = utterance.text
        wanted[row, 3 + count] = tokens.end()
    units = torch.tensor([unit for utterance in batch for unit in utterance.units], dtype=torch.long)
    counts = torch.tensor([len(utterance.units) for utterance in batch])
    return features, *(tensor.to(device) for tensor in (torch.from_numpy(given), torch.from_numpy(wanted), units)), counts


def mask(features, lengths, low):
    """SpecAugment (Park et al. 2019): two bands and two moments of each utterance are hidden."""
    device = features.device

    def span(size, width):
        """Places of 0..size in a run of random width, somewhere."""
        width = (torch.rand(lengths.shape, device=device) * (width + 1)).floor()
        start = (torch.rand(lengths.shape, device=device) * (size - width + 1)).floor()
        return lambda places: (places >= start) & (places < start + width)

    bins = torch.arange(features.shape[1], device=device)[:, None]
    moments = torch.arange(features.shape[2], device=device)
    for _ in range(2):
        hidden = span(features.shape[1], 12)(bins) | span(lengths, torch.clamp(lengths // 6, max=14))(moments)
        features = torch.where(hidden, low, features)
    return features


class Trainer:
    def __init__(self, options):
        self.options = options
        self.device = torch.device(options.device)
        # cuDNN makes a plan for every shape of attention, and every batch has its own.
        torch.backends.cuda.enable_cudnn_sdp(False)
        self.checkpoint = Path(options.work, "checkpoint.pt")
        state = torch.load(self.checkpoint, map_location="cpu") if self.checkpoint.exists() else None
        self.tokens = Tokens(options.assets, *((state["used"], state["units"]) if state else (None, None)))
        self.parts = Parts(options.parts, self.tokens, self.device)
        self.held_out = Parts(options.held_out, self.tokens, self.device) if options.held_out else None
        size = Dimensions(**state["dimensions"]) if state else Dimensions(options.width, options.width // 64, options.encoder_layers, options.decoder_layers)
        self.size = size
        torch.manual_seed(options.seed)
        # Rows for what parts that are still being made may bring. The export knows which rows are in use.
        self.room = tuple(have + (options.room if options.minutes else 0) for have in (len(self.tokens.used), len(self.tokens.units)))
        self.model = Recognizer(size, *self.room)
        self.step = 0
        self.names = [name for name, _ in self.model.named_parameters()]
        moments = None
        if options.start_from and not state:
            self.start_from(options.start_from)
        if state:
            self.step = state["step"]
            moments = self.take_up(state)
        self.begun = 0 if moments else self.step
        self.model.to(self.device)
        self.master = [nn.Parameter(parameter.detach().float().clone()) for parameter in self.model.parameters()]
        self.model.bfloat16()
        # A cast of the fixed positions would cost precision where they are exported from.
        self.working = list(self.model.parameters())
        decayed = [p for p in self.master if p.dim() > 1]
        plain = [p for p in self.master if p.dim() <= 1]
        groups = [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}]
        on_gpu = self.device.type == "cuda"
        self.optimiser = torch.optim.AdamW(groups, lr=options.rate, betas=(0.9, 0.98), foreach=not on_gpu, fused=on_gpu)
        if moments:
            for parameter, (first, second) in zip(self.master, moments):
                self.optimiser.state[parameter] = {"step": torch.tensor(float(self.step), device=self.device), "exp_avg": first.to(self.device), "exp_avg_sq": second.to(self.device)}
        print(f"{len(self.parts.utterances)} utterances, {len(self.tokens.used)} tokens, {len(self.tokens.units)} units, "
              f"{sum(p.numel() for p in self.master) / 1e6:.2f} M parameters, step {self.step}", flush=True)

    def start_from(self, path):
        """Takes the weights of a finished file over. Layers that it lacks begin as if they were not there."""
        size, tensors = ggml.read(path)
        assert size["width"] == self.size.width, f"{path} is {size['width']} wide"
        tensors["decoder.token_embedding.weight"] = tensors["decoder.token_embedding.weight"][self.tokens.used]
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                if name in tensors:
                    given = torch.from_numpy(tensors[name].copy()).reshape(parameter.shape)
                    if name == "decoder.token_embedding.weight":
                        unknown = given.abs().sum(1) == 0
                        given[unknown] = parameter[unknown]
                    parameter.copy_(given)
                elif ".blocks." in name and (".out." in name or ".mlp.2." in name):
                    # The residual branch adds nothing until it has learnt to.
                    parameter.zero_()
        self.step = CTC_ALONE

    def take_up(self, state):
        """Weights and moments of a checkpoint, with fresh rows for tokens and units that are new."""
        moments = []
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                old = state["master"][name]
                parameter[tuple(slice(0, length) for length in old.shape)] = old
                pair = []
                for moment in state["moments"][name]:
                    grown = torch.zeros(parameter.shape)
                    grown[tuple(slice(0, length) for length in moment.shape)] = moment
                    pair.append(grown)
                moments.append(pair)
        return moments

    def save(self):
        moments = {}
        for name, parameter in zip(self.names, self.master):
            kept = self.optimiser.state[parameter]
            moments[name] = (kept["exp_avg"].cpu(), kept["exp_avg_sq"].cpu()) if kept else (torch.zeros_like(parameter.data.cpu()),) * 2
        state = {
            "master": {name: parameter.data.cpu() for name, parameter in zip(self.names, self.master)},
            "moments": moments,
            "step": self.step,
            # Parts that came later may have brought more than there are rows for.
            "used": self.tokens.used[: self.room[0]],
            "units": self.tokens.units[: self.room[1]],
            "dimensions": self.size.as_dict(),
        }
        fresh = self.checkpoint.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(self.checkpoint)

    def done(self):
        """The share of the run that is behind us: of its steps, or of its minutes."""
        if self.options.minutes:
            return (time.monotonic() - self.started) / (self.options.minutes * 60)
        return self.step / self.options.steps

    def rate(self):
        options = self.options
        warm = min(1.0, (self.step - self.begun + 1) / 500)
        return options.rate * warm * min(1.0, max(1.0 - self.done(), 0.0) / options.cooldown + 0.01)

    def update(self, batch, rng):
        """One step; the losses (decoder, CTC)."""
        features, given, wanted, units, counts = collate(rng, self.tokens, batch)
        dropout = self.options.dropout
        heard = self.model.encoder(features.bfloat16(), dropout)
        sounds = self.model.ctc(heard).float().log_softmax(-1).transpose(0, 1)
        lengths = torch.full((len(batch),), heard.shape[1])
        ctc = F.ctc_loss(sounds, units, lengths, counts, zero_infinity=True)
        if self.step < CTC_ALONE:
            loss, words = ctc, torch.zeros((), device=self.device)
        else:
            logits = self.model.decoder(given, heard, dropout).float()
            logits = torch.cat([logits, torch.full((*logits.shape[:2], 1), UNUSED_LOGIT, device=self.device)], -1)
            words = F.cross_entropy(logits.flatten(0, 1), wanted.flatten(), ignore_index=-100, label_smoothing=0.05)
            loss = words + 0.3 * ctc
        for parameter in self.working:
            parameter.grad = None
        loss.backward()
        for parameter, master in zip(self.working, self.master):
            master.grad = None if parameter.grad is None else parameter.grad.float()
        nn.utils.clip_grad_norm_([master for master in self.master if master.grad is not None], 1.0)
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        self.optimiser.step()
        with torch.no_grad():
            for parameter, master in zip(self.working, self.master):
                parameter.copy_(master)
        return torch.stack([words.detach(), ctc.detach()])

    def run(self):
        options, sums, steps = self.options, torch.zeros(2, device=self.device), 0
        torch.manual_seed(options.seed + self.step)
        self.started = time.monotonic()
        ended = False
        while not ended:
            if options.minutes:
                self.parts.refresh(self.room)
            # Each pass over the parts has its own order, also after a checkpoint.
            rng = random.Random(options.seed * 1_000_003 + self.step)
            short = self.step < SHORT_UNTIL
            for batch in self.parts.batches(rng, options.frames, short):
                sums += self.update(batch, rng)
                self.step += 1
                steps += 1
                if steps % 50 == 0:
                    pace = (time.monotonic() - self.started) / steps
                    words, ctc = (sums / 50).tolist()
                    sums.zero_()
                    print(f"{self.step} words {words:.3f} ctc {ctc:.3f} rate {self.rate():.1e} {pace:.3f} s/step {len(self.parts.utterances)} utterances", flush=True)
                ended = self.done() >= 1.0
                if ended or self.step % options.look == 0:
                    self.save()
                    self.evaluate()
                if ended or (short and self.step >= SHORT_UNTIL):
                    break

    @torch.no_grad()
    def evaluate(self, count=160):
        """Prints how wrong held-out utterances are written, by their kind, for a glance; `yingda eval asr` measures."""
        if not self.held_out or self.step <= CTC_ALONE:
            return
        self.model.eval()
        rng = random.Random(0)
        chosen = sorted(rng.sample(self.held_out.utterances, min(count, len(self.held_out.utterances))), key=lambda u: u.length)
        wrong, length = Counter(), Counter()
        for start in range(0, len(chosen), 16):
            batch = chosen[start : start + 16]
            features, *_ = collate(rng, self.tokens, batch, train=False)
            heard = self.model.encoder(features.bfloat16())
            tokens = torch.tensor([self.tokens.prompt(u.language) for u in batch], device=self.device)
            for _ in range(60):
                following = self.model.decoder(tokens, heard)[:, -1, : len(self.tokens.used)].argmax(-1, keepdim=True)
                tokens = torch.cat([tokens, following], 1)
                if (tokens[:, 4:] == self.tokens.end()).any(1).all():
                    break
            for row, utterance in zip(tokens.tolist(), batch):
                said, written = self.tokens.decode(utterance.text), self.tokens.decode(row[4:])
                wrong[utterance.kind] += distance(said, written)
                length[utterance.kind] += len(said)
        self.model.train()
        print("held out, CER %:", ", ".join(f"{kind} {100 * wrong[kind] / max(length[kind], 1):.1f}" for kind in sorted(length)), flush=True)


def distance(said, written):
    """Edits from `said` to `written` (Levenshtein)."""
    row = list(range(len(written) + 1))
    for place, one in enumerate(said, 1):
        previous, row[0] = row[:], place
        for column, other in enumerate(written, 1):
            row[column] = min(previous[column] + 1, row[column - 1] + 1, previous[column - 1] + (one != other))
    return row[-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", required=True, help="folder that `make.py` filled")
    parser.add_argument("--held-out", help="folder of parts that are only looked at")
    parser.add_argument("--assets", required=True, help="folder with multilingual.tiktoken")
    parser.add_argument("--work", required=True, help="folder for the checkpoint")
    parser.add_argument("--start-from", help="a whisper.cpp file whose weights are taken over")
    parser.add_argument("--steps", type=int, default=24_000)
    parser.add_argument("--minutes", type=float, default=0, help="run for so long instead, taking up parts as they appear")
    parser.add_argument("--cooldown", type=float, default=0.3, help="share of the run in which the learning rate falls")
    parser.add_argument("--look", type=int, default=1_000, help="steps between checkpoints and glances")
    parser.add_argument("--room", type=int, default=0, help="with --minutes: rows for tokens that later parts may bring")
    parser.add_argument("--rate", type=float, default=8e-4)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--frames", type=int, default=6_000, help="frames of 10 ms in a batch")
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--encoder-layers", type=int, default=4)
    parser.add_argument("--decoder-layers", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    Path(options.work).mkdir(parents=True, exist_ok=True)
    Trainer(options).run()


if __name__ == "__main__":
    main()
