"""Mood and escalation scores of cross-validation. `yingda eval sentiment` measures the finished file with the cues."""

import re
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "encoder"))

from data import HANZI  # noqa: E402
from export import MOODS  # noqa: E402


def language_of(text: str) -> str:
    """`zh` for text with hanzi, `en` for other text with Latin letters."""
    return "zh" if HANZI.search(text) or not re.search("[A-Za-z]", text) else "en"


def softmax(logits: np.ndarray) -> np.ndarray:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = 10) -> float:
    """Expected calibration error: |confidence - accuracy| by bins of confidence, weighted."""
    confidence, right = probabilities.max(1), probabilities.argmax(1) == labels
    place = np.minimum((confidence * bins).astype(int), bins - 1)
    return float(sum(abs((right - confidence)[place == b].sum()) for b in range(bins)) / len(labels))


def report_moods(languages: list[str], moods: np.ndarray, escalates: np.ndarray, mood_logits, escalate_logits) -> None:
    """Macro-F1, F1 by mood, escalation precision and recall at 0.5 and calibration, by language and for all.

    Macro-F1 is over the moods that occur.
    """
    mood_p, escalate_p = softmax(mood_logits), softmax(escalate_logits)
    guess, raised = mood_p.argmax(1), escalate_p[:, 1]
    for language in [*sorted(set(languages)), "all"]:
        use = np.array([language in ("all", item) for item in languages])
        f1 = {}
        for label, name in enumerate(MOODS):
            right = int(((guess == label) & (moods == label) & use).sum())
            said, there = int(((guess == label) & use).sum()), int(((moods == label) & use).sum())
            if there:
                f1[name] = 2 * right / (said + there)
        parts = ", ".join(f"{n} {v:.3f}" for n, v in f1.items())
        print(f"{language} ({use.sum()} lines): macro-F1 {np.mean(list(f1.values())):.3f} ({parts})")
        line = []
        for threshold in (0.1, 0.15, 0.2, 0.3, 0.5):
            up = (raised >= threshold) & use
            hit, there = (up & (escalates == 1)).sum(), ((escalates == 1) & use).sum()
            line.append(f"at {threshold} precision {hit / max(1, up.sum()):.3f} recall {hit / max(1, there):.3f}")
        print("  escalate " + "; ".join(line))
        errors = calibration_error(mood_p[use], moods[use]), calibration_error(escalate_p[use], escalates[use])
        print("  calibration error mood %.3f, escalate %.3f" % errors, flush=True)
