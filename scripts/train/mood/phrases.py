"""The wide half of the mood classifier: short runs of tokens, each with what it adds to every label's logit.

A transformer of this size learns too little from a few thousand lines to know what a phrase means; a logistic regression on
phrases does. Both together beat either (`train.py --folds`).
"""

from collections import Counter

import numpy as np
import scipy.sparse
from sklearn.linear_model import LogisticRegression

LONGEST = 3
END = 3  # [MASK], which no text has, stands after the last token
LEAST = 2  # lines that must have a phrase


def in_text(ids: list[int]) -> set[tuple[int, ...]]:
    """The runs of up to `LONGEST` tokens."""
    ids = [*ids, END]
    return {tuple(ids[at : at + n]) for n in range(1, LONGEST + 1) for at in range(len(ids) - n + 1)}


class Phrases:
    """Logistic regressions on the phrases of `texts` (token ids), one for each head; `labels` by head."""

    def __init__(self, texts: list[list[int]], labels: dict[str, np.ndarray], inverse_penalty: float = 1.0):
        sets = [in_text(ids) for ids in texts]
        counts = Counter(run for runs in sets for run in runs)
        self.runs = sorted(run for run, count in counts.items() if count >= LEAST)
        self.rows = {run: row for row, run in enumerate(self.runs)}
        # Rare phrases tell more than common ones, so the penalty on their weights is less.
        rarity = np.array([np.log((1 + len(texts)) / (1 + counts[run])) + 1 for run in self.runs])
        features = self.matrix(texts) @ scipy.sparse.diags(rarity)
        self.weights, self.bias = {}, {}
        for head, wanted in labels.items():
            fitted = LogisticRegression(C=inverse_penalty, class_weight="balanced", max_iter=500).fit(features, wanted)
            rows, bias = fitted.coef_.T, fitted.intercept_
            if rows.shape[1] == 1:  # two labels share one row
                rows, bias = np.hstack([-rows / 2, rows / 2]), np.array([-bias[0] / 2, bias[0] / 2])
            self.weights[head], self.bias[head] = rarity[:, None] * rows, bias

    def matrix(self, texts: list[list[int]]) -> scipy.sparse.csr_matrix:
        """A row for each text: 1 / sqrt(known phrases) at each of them."""
        found = [[self.rows[run] for run in sorted(in_text(ids)) if run in self.rows] for ids in texts]
        values = [1 / np.sqrt(len(rows)) for rows in found for _ in rows]
        ends = np.cumsum([0, *map(len, found)])
        return scipy.sparse.csr_matrix((values, [row for rows in found for row in rows], ends), (len(texts), len(self.runs)))

    def logits(self, head: str, texts: list[list[int]]) -> np.ndarray:
        return self.matrix(texts) @ self.weights[head] + self.bias[head]
