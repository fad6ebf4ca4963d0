"""Fine-tune the encoder into the mood classifier: heads `mood` (4) and `escalate` (2).

    python scripts/train/mood/train.py --encoder WORK/encoder.pt --text scripts/train/text --exclude FILE.csv... --work WORK

The network and a logistic regression on phrases (`phrases.py`) are trained apart; their logits are added.

With `--folds 5` it measures instead: every line is predicted by a model that did not see it, and the report gives
macro-F1, precision and recall by language. What each half counts, and so the calibration, is fitted on these predictions and
left in WORK/mood-calibration.json. Without it one model is trained on all lines and WORK/mood.pt written.
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
from data import Intent, MoodLine, comparison_key, read_corpus, read_excluded, read_rows, HELD_OUT_TRADES  # noqa: E402
from export import MOODS, load_checkpoint, read_checkpoint  # noqa: E402
from model import Encoder, MixedPrecision, by_length  # noqa: E402

from phrases import Phrases  # noqa: E402
from score import language_of, report_moods  # noqa: E402


ASKS_FOR_PERSON = {"transfer", "en_human", "en_manager"}
NOT_PLAIN = {"smalltalk", "thanks", "en_thanks"}  # moods of all kinds


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


def plain_questions(intents: list[Intent]) -> list[MoodLine]:
    """A phrasing of each intent: most of what callers say is a plain question, however much its words may look like trouble."""
    return [MoodLine(intent.phrasings[at % len(intent.phrasings)], "neutral", False) for at, intent in enumerate(intents)]


def call_control(folders: list[Path]) -> list[MoodLine]:
    """What is said to steer a call. Who asks for a person gets one."""
    rows = [row for row in read_rows(folders, 2, "control*.tsv") if row[0] not in NOT_PLAIN]
    return [MoodLine(text, "neutral", kind in ASKS_FOR_PERSON) for kind, text in rows]


class Trainer:
    """What all folds share: the encoder, the text and the errors."""

    def __init__(self, arguments: argparse.Namespace, plan: Plan):
        self.plan, self.path = plan, arguments.encoder
        corpus = read_corpus(arguments.text, read_excluded(arguments.exclude), HELD_OUT_TRADES)
        plain = plain_questions(corpus.intents) + call_control(arguments.text)
        self.moods = list({comparison_key(m.text): m for m in plain + corpus.moods}.values())
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


def labels_of(lines: list[MoodLine]) -> dict[str, np.ndarray]:
    return {
        "mood": np.array([MOODS.index(m.label) for m in lines]),
        "escalate": np.array([int(m.escalate) for m in lines]),
    }


def best_mixture(network: np.ndarray, phrases: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """What to multiply the logits of both halves by so that their sum has the least cross-entropy.

    It is temperature scaling (Guo et al. 2017) of two.
    """
    halves = torch.tensor(np.stack([network, phrases]), dtype=torch.float32)
    wanted, factors = torch.tensor(labels), torch.ones(2, requires_grad=True)
    optimiser = torch.optim.LBFGS([factors], max_iter=100)

    def loss():
        optimiser.zero_grad()
        value = F.cross_entropy((halves * factors[:, None, None]).sum(0), wanted)
        value.backward()
        return value

    optimiser.step(loss)
    return tuple(factors.detach().tolist())


def measure(trainer: Trainer, folds: int, work: Path) -> None:
    """Cross-validation over all lines, and the mixture it finds."""
    lines = list(trainer.moods)
    random.Random(trainer.plan.seed).shuffle(lines)
    labels, ids = labels_of(lines), [trainer.tokeniser.encode(m.text) for m in lines]
    network = {"mood": np.zeros((len(lines), 4), np.float32), "escalate": np.zeros((len(lines), 2), np.float32)}
    phrases = {head: np.zeros_like(logits) for head, logits in network.items()}
    for fold in range(folds):
        start = time.time()
        seen, held = ([i for i in range(len(lines)) if (i % folds == fold) == h] for h in (False, True))
        known = Phrases([ids[i] for i in seen], {head: wanted[seen] for head, wanted in labels.items()})
        model = trainer.fit([lines[i] for i in seen])
        found = predict(model, trainer.tokeniser, [lines[i].text for i in held])
        for head, logits in zip(network, found):
            network[head][held] = logits
            phrases[head][held] = known.logits(head, [ids[i] for i in held])
        print(f"fold {fold + 1} of {folds}: {time.time() - start:.0f} s", flush=True)
    languages = [language_of(m.text) for m in lines]
    for name, half in (("network", network), ("phrases", phrases)):
        print(f"{name} alone")
        report_moods(languages, labels["mood"], labels["escalate"], half["mood"], half["escalate"])
    factors = {head: best_mixture(network[head], phrases[head], labels[head]) for head in network}
    both = {head: network[head] * a + phrases[head] * b for head, (a, b) in factors.items()}
    print(f"both, {factors}")
    report_moods(languages, labels["mood"], labels["escalate"], both["mood"], both["escalate"])
    (work / "mood-calibration.json").write_text(json.dumps(factors) + "\n", encoding="utf-8")


def mix(model: Encoder, phrases: Phrases, factors: dict[str, tuple[float, float]]) -> dict[str, torch.Tensor]:
    """Weighs both halves in place; the phrases' tensors as the file has them."""
    runs = torch.zeros(len(phrases.runs), 3)
    for row, run in enumerate(phrases.runs):
        runs[row, : len(run)] = torch.tensor(run)
    tensors = {"phrases": runs}
    for head, linear in model.heads.items():
        network, wide = factors[head]
        with torch.no_grad():
            linear.weight *= network
            linear.bias.copy_(linear.bias * network + torch.tensor(phrases.bias[head], dtype=torch.float32) * wide)
        tensors[f"heads.{head}.phrases"] = torch.tensor(phrases.weights[head] * wide, dtype=torch.float32)
    return tensors


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--encoder", type=Path, required=True, help="checkpoint of the encoder, or its safetensors file")
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
    factors = json.loads((arguments.work / "mood-calibration.json").read_text(encoding="utf-8"))
    model = trainer.fit(trainer.moods)
    ids = [trainer.tokeniser.encode(m.text) for m in trainer.moods]
    phrases = mix(model, Phrases(ids, labels_of(trainer.moods)), factors)
    saved = read_checkpoint(arguments.encoder)
    torch.save({**saved, "weights": model.state_dict(), "phrases": phrases}, arguments.work / "mood.pt")


if __name__ == "__main__":
    main()
