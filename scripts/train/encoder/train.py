"""Train the encoder: masked words on all text, then contrastive learning on the paraphrase groups.

    python scripts/train/encoder/train.py --text scripts/train/text --exclude FILE.csv... --work WORK

Writes WORK/encoder.pt (averaged weights; `export.py` makes the model file of it). A run that was cut short
goes on from WORK/checkpoint.pt. The same seed and text give the same weights on the same machine.
"""

import argparse
import dataclasses
import random
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from augment import Recogniser, dictionary_sentences, segment
from contrastive import Groups, contrastive_loss
from data import DEVELOPMENT_TRADES, HELD_OUT_TRADES, Tokeniser, build_tokens, read_corpus, read_excluded, token_syllables
from evaluate import report, trade_benches
from masked import Masker, masked_loss
from model import Config, Encoder, MixedPrecision, by_length
from plan import Plan, schedule


class Run:
    """A training run: model, data, state on disk."""

    def __init__(self, arguments: argparse.Namespace, plan: Plan):
        self.plan, self.work = plan, arguments.work
        self.work.mkdir(parents=True, exist_ok=True)
        random.seed(plan.seed)
        torch.manual_seed(plan.seed)
        held_out = HELD_OUT_TRADES + (DEVELOPMENT_TRADES if arguments.development else ())
        corpus = read_corpus(arguments.text, read_excluded(arguments.exclude), held_out)
        print(f"{len(corpus.intents)} intents, {len(corpus.sentences)} sentences; dropped {len(corpus.dropped)}: {corpus.dropped}")
        self.benches = trade_benches(arguments.text, DEVELOPMENT_TRADES) if arguments.development else []
        tokens = build_tokens(corpus.sentences)
        self.syllables, self.syllable_names = token_syllables(tokens)
        config = Config(len(tokens), len(self.syllable_names), plan.width, plan.layers, plan.width // 64, plan.feed_forward)
        self.tokeniser = Tokeniser(tokens, config.max_tokens)
        recogniser = Recogniser(tokens, self.syllables, self.syllable_names)
        sentences = [segment(s) for s in corpus.sentences] + dictionary_sentences(plan.dictionary_rows)
        self.masker = Masker(sentences, self.tokeniser, recogniser, plan.masked_share)
        self.groups = Groups(corpus, recogniser, plan)
        self.model = Encoder(config, torch.tensor(self.syllables), dropout=plan.dropout)
        if arguments.start:
            self.start_from(arguments.start)
        print(f"{len(tokens)} tokens, {sum(p.numel() for p in self.model.parameters())} parameters", flush=True)

    def start_from(self, path: Path) -> None:
        """Weights of an earlier encoder of the same sizes; tables row by row, since the vocabulary may have grown."""
        saved = torch.load(path, weights_only=True)
        weights = saved["weights"]
        with torch.no_grad():
            for name, parameter in self.model.named_parameters():
                if name not in ("token.weight", "syllable.weight"):
                    parameter.copy_(weights[name])
            for table, saved_table, mine, theirs in (
                (self.model.token.weight, weights["token.weight"], self.tokeniser.tokens, saved["tokens"]),
                (self.model.syllable.weight, weights["syllable.weight"], self.syllable_names, saved["syllables"]),
            ):
                place = {key: row for row, key in enumerate(theirs)}
                known = [(row, place[key]) for row, key in enumerate(mine) if key in place]
                rows, old = zip(*known)
                table[list(rows)] = saved_table[list(old)]

    def stage(self, name: str, steps: int, rate: float, loss_of, before=lambda step: None) -> None:
        """`steps` steps of a loss, from the checkpoint where there is one."""
        if steps == 0:
            return
        optimiser = MixedPrecision(self.model, rate)
        first, checkpoint = 0, self.work / "checkpoint.pt"
        if checkpoint.exists():
            saved = torch.load(checkpoint, weights_only=False)
            if name in saved["done"]:
                return
            if saved["stage"] == name:
                optimiser.restore(saved["optimiser"])
                self.groups.neighbours = saved["neighbours"]
                random.setstate(saved["random"])
                torch.set_rng_state(saved["torch"])
                first = optimiser.steps
        self.model.train()
        start, losses = time.time(), []
        for step in range(first, steps):
            before(step)
            loss = loss_of()
            optimiser.step(loss, schedule(step, steps))
            losses.append(loss.item())
            last = step + 1 == steps
            if (step + 1) % 250 == 0 or last:
                print(f"{name} {step + 1}: loss {np.mean(losses[-250:]):.3f}, {(time.time() - start) / len(losses):.2f} s a step", flush=True)
            if (step + 1) % 500 == 0 or last:
                self.save(name, optimiser)
                if self.benches and name == "contrastive":
                    self.report(optimiser, every=last)
        with torch.no_grad():
            for parameter, average in zip(optimiser.parameters, optimiser.averages):
                parameter.copy_(average)

    def save(self, stage: str, optimiser: MixedPrecision) -> None:
        done = ["masked"] if stage == "contrastive" else []
        state = {
            "stage": stage, "done": done, "optimiser": optimiser.state(), "neighbours": self.groups.neighbours,
            "random": random.getstate(), "torch": torch.get_rng_state(),
        }
        torch.save(state, self.work / "checkpoint.new")
        (self.work / "checkpoint.new").replace(self.work / "checkpoint.pt")
        torch.save(
            {
                "config": self.model.config.as_dict(), "tokens": self.tokeniser.tokens, "weights": optimiser.averaged_state(),
                "token_syllables": self.syllables, "syllables": self.syllable_names, "plan": dataclasses.asdict(self.plan),
            },
            self.work / "encoder.pt",
        )

    def report(self, optimiser: MixedPrecision, every: bool) -> None:
        averaged = Encoder(self.model.config, torch.tensor(self.syllables), dropout=0.0)
        averaged.load_state_dict(optimiser.averaged_state())
        report("  development", self.benches, averaged, self.tokeniser, every)

    def train(self) -> None:
        plan, model = self.plan, self.model
        self.stage("masked", plan.masked_steps, plan.masked_rate, lambda: masked_loss(model, *self.masker.batch(plan.masked_batch)))

        def mine(step: int) -> None:
            if step and step % 500 == 0 and plan.hard_share:
                self.groups.mine(model, self.tokeniser)

        def loss() -> Tensor:
            texts, intents, trades = self.groups.batch()
            vectors = by_length(model, [self.tokeniser.encode(t) for t in texts], 4)
            total = contrastive_loss(vectors, intents, trades, plan)
            if plan.masked_weight:
                total = total + plan.masked_weight * masked_loss(model, *self.masker.batch(plan.masked_batch // 4))
            return total

        self.stage("contrastive", plan.steps, plan.rate, loss, mine)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, nargs="+", required=True, help="folders of text")
    parser.add_argument("--exclude", type=Path, nargs="*", default=[], help="CSV files whose sentences are kept out")
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--start", type=Path, help="checkpoint of an earlier encoder to start from, instead of random weights")
    parser.add_argument("--development", action="store_true", help="hold out the development trades too, and report on them")
    for field in dataclasses.fields(Plan):
        parser.add_argument("--" + field.name.replace("_", "-"), type=field.type, default=field.default)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    plan = Plan(**{f.name: getattr(arguments, f.name) for f in dataclasses.fields(Plan)})
    Run(arguments, plan).train()


if __name__ == "__main__":
    main()
