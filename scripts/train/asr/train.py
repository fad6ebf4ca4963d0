"""Trains the recogniser: CTC on syllables teaches the encoder to hear, then the attention decoder learns to write.

On a CPU everything runs in bfloat16 with float32 master weights, ten times faster there than autocast; on a GPU the same.
Give it no more threads than there are free cores (OMP_NUM_THREADS). Stops after `--steps`; a checkpoint is written every
500 steps and taken up again. The learning rate is constant until the last `--cooldown` steps, so a run can be made longer,
and given more parts, before it is cooled down. Deterministic for one list of parts, one seed and one kind of machine.
"""

import argparse
import json
import random
import time
from pathlib import Path

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


class Parts:
    """Utterances of all parts in a folder, mapped into memory."""

    def __init__(self, folder, tokens):
        self.utterances = []
        for path in sorted(Path(folder).glob("*.json")):
            frames, at = np.load(path.with_suffix(".npy"), mmap_mode="r"), 0
            for length, _, language, text in json.loads(path.read_text()):
                units = tokens.ctc(text)
                # CTC needs a frame for each unit, and one between equal ones.
                if length // 2 > len(units) + 4:
                    self.utterances.append((frames, at, length, language, tokens.encode(text), units))
                at += length

    def batches(self, rng, frames, shortest_first):
        """Batches of about `frames` frames each, utterances of like length together, in random order."""
        chosen = [u for u in self.utterances if u[2] < SHORT] if shortest_first else self.utterances
        chosen = sorted(chosen, key=lambda u: u[2] + rng.random() * 40)
        batch = []
        batches = []
        for utterance in chosen:
            if batch and (len(batch) + 1) * (utterance[2] + 60) > frames:
                batches.append(batch)
                batch = []
            batch.append(utterance)
        batches.append(batch)
        rng.shuffle(batches)
        return batches


def collate(rng, tokens, batch, train=True):
    """Features padded as whisper.cpp pads them, decoder input and target, CTC units and their counts."""
    longest = max(utterance[2] for utterance in batch)
    # whisper.cpp's context is the utterance, 41 frames and up to 64 more; in training less, because padding costs time.
    frames = longest + rng.randint(10, 50) * 2 if train else (longest + 41) // 64 * 64 + 64
    frames += frames % 2
    features = np.zeros((len(batch), 80, frames), np.float32)
    width = max(len(utterance[4]) for utterance in batch) + 5
    given = torch.full((len(batch), width), tokens.end())
    wanted = torch.full((len(batch), width), -100)
    units, counts = [], []
    for row, (memory, at, length, language, text, ctc) in enumerate(batch):
        heard = np.asarray(memory[at : at + length], np.float32)
        features[row, :, :length] = heard.T
        features[row, :, length:] = padding(heard)
        if train:
            mask(rng, features[row], length, heard.min())
        prompt = tokens.prompt(language)
        given[row, :4] = torch.tensor(prompt)
        if text:
            given[row, 4 : 4 + len(text)] = torch.tensor(text)
        target = text + [tokens.end()]
        wanted[row, 3 : 3 + len(target)] = torch.tensor(target)
        units += ctc
        counts.append(len(ctc))
    return torch.from_numpy(features), given, wanted, torch.tensor(units, dtype=torch.long), torch.tensor(counts)


def mask(rng, features, length, low):
    """SpecAugment (Park et al. 2019): two bands and two moments are hidden."""
    for _ in range(2):
        width = rng.randint(0, 12)
        start = rng.randint(0, 80 - width)
        features[start : start + width] = low
        width = min(rng.randint(0, 14), length // 6)
        start = rng.randint(0, length - width)
        features[:, start : start + width] = low


class Trainer:
    def __init__(self, options):
        self.options = options
        self.device = torch.device(options.device)
        self.checkpoint = Path(options.work, "checkpoint.pt")
        state = torch.load(self.checkpoint, map_location="cpu") if self.checkpoint.exists() else None
        self.tokens = Tokens(options.assets, *((state["used"], state["units"]) if state else (None, None)))
        self.parts = Parts(options.parts, self.tokens)
        self.held_out = Parts(options.held_out, self.tokens) if options.held_out else None
        size = Dimensions(**state["dimensions"]) if state else Dimensions(options.width, options.width // 64, options.encoder_layers, options.decoder_layers)
        self.size = size
        torch.manual_seed(options.seed)
        self.model = Recognizer(size, len(self.tokens.used), len(self.tokens.units)).to(self.device)
        self.step = 0
        self.names = [name for name, _ in self.model.named_parameters()]
        moments = None
        if options.start_from and not state:
            self.start_from(options.start_from)
        if state:
            self.step = state["step"]
            moments = self.take_up(state)
        self.master = [nn.Parameter(parameter.detach().float().clone()) for parameter in self.model.parameters()]
        self.model.bfloat16()
        # A cast of the fixed positions would cost precision where they are exported from.
        self.working = list(self.model.parameters())
        decayed = [p for p in self.master if p.dim() > 1]
        plain = [p for p in self.master if p.dim() <= 1]
        groups = [{"params": decayed, "weight_decay": 0.05}, {"params": plain, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=options.rate, betas=(0.9, 0.98), foreach=True)
        if moments:
            for parameter, (first, second) in zip(self.master, moments):
                self.optimiser.state[parameter] = {"step": torch.tensor(float(self.step)), "exp_avg": first.to(self.device), "exp_avg_sq": second.to(self.device)}
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
            "used": self.tokens.used,
            "units": self.tokens.units,
            "dimensions": self.size.as_dict(),
        }
        fresh = self.checkpoint.with_suffix(".new")
        torch.save(state, fresh)
        fresh.replace(self.checkpoint)

    def rate(self):
        options = self.options
        begun = CTC_ALONE if options.start_from else 0
        warm = min(1.0, (self.step - begun + 1) / 500)
        left = options.steps - self.step
        return options.rate * warm * min(1.0, max(left, 0) / max(options.cooldown, 1) + 0.01)

    def update(self, batch, rng):
        """One step; the losses (decoder, CTC)."""
        features, given, wanted, units, counts = (tensor.to(self.device) for tensor in collate(rng, self.tokens, batch))
        dropout = self.options.dropout
        heard = self.model.encoder(features.bfloat16(), dropout)
        sounds = self.model.ctc(heard).float().log_softmax(-1).transpose(0, 1)
        lengths = torch.full((len(batch),), heard.shape[1])
        ctc = F.ctc_loss(sounds, units, lengths, counts, zero_infinity=True)
        if self.step < CTC_ALONE:
            loss, words = ctc, torch.zeros(())
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
        return words.item(), ctc.item()

    def run(self):
        options, started, done, sums = self.options, time.monotonic(), 0, [0.0, 0.0]
        while self.step < options.steps:
            # Each pass over the parts has its own order, also after a checkpoint.
            rng = random.Random(options.seed * 1_000_003 + self.step)
            short = self.step < SHORT_UNTIL
            for batch in self.parts.batches(rng, options.frames, short):
                losses = self.update(batch, rng)
                sums = [total + loss for total, loss in zip(sums, losses)]
                self.step += 1
                done += 1
                if done % 50 == 0:
                    pace = (time.monotonic() - started) / done
                    print(f"{self.step} words {sums[0] / 50:.3f} ctc {sums[1] / 50:.3f} rate {self.rate():.1e} {pace:.2f} s/step", flush=True)
                    sums = [0.0, 0.0]
                if self.step % 500 == 0 or self.step == options.steps:
                    self.save()
                if self.step % 1_000 == 0 or self.step == options.steps:
                    self.evaluate()
                if self.step == options.steps or (short and self.step >= SHORT_UNTIL):
                    break
                if options.hours and time.monotonic() - started > options.hours * 3_600:
                    self.save()
                    return

    @torch.no_grad()
    def evaluate(self, count=160):
        """Prints a few held-out utterances as they are written, for a glance; `yingda eval asr` measures."""
        if not self.held_out or self.step <= CTC_ALONE:
            return
        self.model.eval()
        rng = random.Random(0)
        chosen = sorted(rng.sample(self.held_out.utterances, min(count, len(self.held_out.utterances))), key=lambda u: u[2])
        wrong = length = 0
        for start in range(0, len(chosen), 16):
            batch = chosen[start : start + 16]
            features, *_ = collate(rng, self.tokens, batch, train=False)
            heard = self.model.encoder(features.to(self.device).bfloat16())
            tokens = torch.tensor([self.tokens.prompt(u[3]) for u in batch], device=self.device)
            for _ in range(60):
                following = self.model.decoder(tokens, heard)[:, -1].argmax(-1, keepdim=True)
                tokens = torch.cat([tokens, following], 1)
                if (tokens[:, 4:] == self.tokens.end()).any(1).all():
                    break
            for row, utterance in zip(tokens.tolist(), batch):
                said, written = self.tokens.decode(utterance[4]), self.tokens.decode(row[4:])
                wrong += distance(said, written)
                length += len(said)
                if rng.random() < 0.05:
                    print("   ", said, "|", written)
        self.model.train()
        print(f"held out: CER {100 * wrong / max(length, 1):.2f} %", flush=True)


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
    parser.add_argument("--cooldown", type=int, default=5_000)
    parser.add_argument("--rate", type=float, default=8e-4)
    parser.add_argument("--dropout", type=float, default=0.0)
    parser.add_argument("--frames", type=int, default=6_000, help="frames of 10 ms in a batch")
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--encoder-layers", type=int, default=4)
    parser.add_argument("--decoder-layers", type=int, default=3)
    parser.add_argument("--hours", type=float, default=0, help="stop early after so long, with a checkpoint")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    Path(options.work).mkdir(parents=True, exist_ok=True)
    Trainer(options).run()


if __name__ == "__main__":
    main()
