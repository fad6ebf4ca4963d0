"""Fine-tune the encoder into the mood classifier: heads `mood` (4) and `escalate` (2).

    python scripts/train/mood/train.py --encoder WORK/encoder.pt --text scripts/train/text --exclude FILE.csv... --work WORK

With `--folds 5` it measures instead: every line is predicted by a model that did not see it, and the report gives
macro-F1, precision and recall by language. Without it one model is trained on all lines and WORK/mood.pt written,
its probabilities calibrated by the temperatures of WORK/mood-calibration.json, which the measurement leaves there.
"""

import argparse
import dataclasses
import json
import random
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "encoder"))

from augment import Recogniser, drop_words, segment  # noqa: E402
from data import MoodLine, comparison_key, read_corpus, read_excluded, HELD_OUT_TRADES  # noqa: E402
from export import MOODS, load_checkpoint  # noqa: E402
from model import Encoder, MixedPrecision, by_length  # noqa: E402

from score import language_of, report_moods  # noqa: E402


@dataclasses.dataclass
class Plan:
    """Hyper-parameters, chosen by cross-validation."""

    epochs: int = 12
    batch: int = 64
    rate: float = 3e-4
    dropout: float = 0.2
    smoothing: float = 0.05  # of the labels
    word_drop: float = 0.1
    error_share: float = 0.5  # of the sentences with recognition errors
    seed: int = 1


def predict(model: Encoder, tokeniser, texts: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Logits of both heads, [N, 4] and [N, 2]."""
    model.eval()
    with torch.no_grad():
        means = by_length(model.mean, [tokeniser.encode(t) for t in texts], max(1, len(texts) // 64))
        means = means.to(model.norm.weight.dtype)
        return model.heads["mood"](means).float().numpy(), model.heads["escalate"](means).float().numpy()


class Trainer:
    """What all folds share: the encoder, the text and the errors."""

    def __init__(self, arguments: argparse.Namespace, plan: Plan):
        self.plan, self.path = plan, arguments.encoder
        corpus = read_corpus(arguments.text, read_excluded(arguments.exclude), HELD_OUT_TRADES)
        self.moods = list({comparison_key(m.text): m for m in corpus.moods}.values())
        print(f"{len(self.moods)} mood lines; dropped {len(corpus.dropped)} lines that a test holds")
        _, self.tokeniser, self.syllables, names = load_checkpoint(arguments.encoder)
        self.recogniser = Recogniser(self.tokeniser.tokens, self.syllables, names)
        self.words = {m.text: segment(m.text) for m in self.moods}

    def heard(self, words: list[str]) -> list[int]:
        """Token ids of a sentence as a recogniser may give it."""
        if random.random() < 0.3:
            words = drop_words(words, self.plan.word_drop)
        text = self.recogniser(words) if random.random() < self.plan.error_share else "".join(words)
        return self.tokeniser.encode(text)

    def fit(self, lines: list[MoodLine]) -> Encoder:
        """A model trained on `lines`."""
        plan = self.plan
        random.seed(plan.seed)
        torch.manual_seed(plan.seed)
        start, _, _, _ = load_checkpoint(self.path)
        model = Encoder(start.config, start.syllable_of_token, {"mood": len(MOODS), "escalate": 2}, plan.dropout)
        model.load_state_dict(start.state_dict(), strict=False)
        optimiser = MixedPrecision(model, plan.rate, average_decay=0.99)
        model.train()
        steps = plan.epochs * len(lines) // plan.batch
        order: list[MoodLine] = []
        for step in range(steps):
            if len(order) < plan.batch:
                order += random.sample(lines, len(lines))
            batch, order = order[: plan.batch], order[plan.batch :]
            means = by_length(model.mean, [self.heard(self.words[m.text]) for m in batch], 3).to(torch.bfloat16)
            moods = torch.tensor([MOODS.index(m.label) for m in batch])
            escalates = torch.tensor([int(m.escalate) for m in batch])
            loss = F.cross_entropy(model.heads["mood"](means).float(), moods, label_smoothing=plan.smoothing)
            loss = loss + F.cross_entropy(model.heads["escalate"](means).float(), escalates, label_smoothing=plan.smoothing)
            optimiser.step(loss, min(1.0, (step + 1) / 50) * (1 - step / steps))
        averaged = Encoder(start.config, start.syllable_of_token, {"mood": len(MOODS), "escalate": 2}, 0.0)
        averaged.load_state_dict(optimiser.averaged_state())
        averaged.eval()
        return averaged


def best_temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """The divisor of the logits with the least cross-entropy (temperature scaling, Guo et al. 2017)."""
    x, y = torch.tensor(logits), torch.tensor(labels)
    grid = np.exp(np.linspace(np.log(0.3), np.log(3), 60))
    return float(min(grid, key=lambda t: F.cross_entropy(x / t, y).item()))


def measure(trainer: Trainer, folds: int, work: Path) -> None:
    """Cross-validation over all lines, and the temperatures it finds."""
    lines = list(trainer.moods)
    random.Random(trainer.plan.seed).shuffle(lines)
    mood, escalate = np.zeros((len(lines), 4), np.float32), np.zeros((len(lines), 2), np.float32)
    for fold in range(folds):
        start = time.time()
        model = trainer.fit([m for i, m in enumerate(lines) if i % folds != fold])
        held = [i for i in range(len(lines)) if i % folds == fold]
        mood[held], escalate[held] = predict(model, trainer.tokeniser, [lines[i].text for i in held])
        print(f"fold {fold + 1} of {folds}: {time.time() - start:.0f} s", flush=True)
    labels = np.array([MOODS.index(m.label) for m in lines])
    wanted = np.array([int(m.escalate) for m in lines])
    temperatures = {"mood": best_temperature(mood, labels), "escalate": best_temperature(escalate, wanted)}
    languages = [language_of(m.text) for m in lines]
    report_moods(languages, labels, wanted, mood / temperatures["mood"], escalate / temperatures["escalate"])
    (work / "mood-calibration.json").write_text(json.dumps(temperatures) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, required=True, help="checkpoint of the encoder")
    parser.add_argument("--text", type=Path, nargs="+", required=True, help="folders of text")
    parser.add_argument("--exclude", type=Path, nargs="*", default=[], help="CSV files whose sentences are kept out")
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--folds", type=int, default=0, help="cross-validate instead of training the final model")
    for field in dataclasses.fields(Plan):
        parser.add_argument("--" + field.name.replace("_", "-"), type=field.type, default=field.default)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    trainer = Trainer(arguments, Plan(**{f.name: getattr(arguments, f.name) for f in dataclasses.fields(Plan)}))
    if arguments.folds:
        measure(trainer, arguments.folds, arguments.work)
        return
    temperatures = json.loads((arguments.work / "mood-calibration.json").read_text(encoding="utf-8"))
    model = trainer.fit(trainer.moods)
    with torch.no_grad():
        for name, head in model.heads.items():
            head.weight /= temperatures[name]
            head.bias /= temperatures[name]
    saved = torch.load(arguments.encoder, weights_only=True)
    torch.save({**saved, "weights": model.state_dict()}, arguments.work / "mood.pt")


if __name__ == "__main__":
    main()
