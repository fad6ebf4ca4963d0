"""Fits how words and vectors become one score (`src/retrieval/fusion.rs`), on questions of trades that the encoder has not seen.

    yingda eval retrieval --knowledge paraphrases*.tsv --trade UNSEEN... --leave-one-out --foreign 1000 \\
        --encoder FILE --evidence evidence.tsv
    python fusion.py evidence.tsv

The columns: case, in_scope, right, lexical (log-odds), literal (0 or a score), most, mean (cosines). A logistic regression
says how likely an entry is the right one. Its log-odds are then scaled and shifted, so that with the thresholds of
`RetrievalConfig` as many questions as possible are answered while wrong answers stay as rare as `WRONG` and `FOREIGN` say.
Half of the cases is fitted on, the other half is what is reported; the constants printed last are fitted on all.
"""

import sys

import numpy

ANSWER, CLARIFY, MARGIN, HIGHEST, LEAST_CHOICE = 0.5, 0.25, 0.15, 0.95, 0.3
# The most wrong answers, as a share of the questions that an entry answers, and of those that none does.
WRONG, FOREIGN = 0.03, 0.015


def logistic(features, labels, ridge=1e-3):
    """Bias and weights, by Newton's method with an L2 penalty. A weight that would be negative is left out."""
    kept = list(range(features.shape[1]))
    while True:
        x = numpy.hstack([numpy.ones((len(features), 1)), features[:, kept]])
        w = numpy.zeros(x.shape[1])
        penalty = ridge * len(x) * 1e-3 * numpy.eye(len(w))
        penalty[0, 0] = 0
        for _ in range(30):
            p = 1 / (1 + numpy.exp(-x @ w))
            gradient = x.T @ (p - labels) + penalty @ w
            w -= numpy.linalg.solve((x * (p * (1 - p))[:, None]).T @ x + penalty, gradient)
        if len(kept) == 0 or w[1:].min() >= 0:
            weights = numpy.zeros(features.shape[1])
            weights[kept] = w[1:]
            return w[0], weights
        del kept[int(w[1:].argmin())]


class Cases:
    """Rows grouped by case."""

    def __init__(self, table, chosen):
        table = table[numpy.isin(table[:, 0], chosen)]
        self.rows = table
        self.starts = numpy.flatnonzero(numpy.diff(table[:, 0], prepend=-1))
        self.ends = numpy.append(self.starts[1:], len(table))

    def judge(self, scores):
        """Counts of what becomes of the cases, as `retrieval::verdict` has it."""
        counts = dict.fromkeys(["in", "out", "hit1", "hit3", "answered", "wrong", "clarified", "right_offered", "foreign", "foreign_clarified"], 0)
        counts["mrr"] = 0.0
        for start, end in zip(self.starts, self.ends):
            score, right = scores[start:end].copy(), self.rows[start:end, 2] > 0
            literal = self.rows[start:end, 4]
            score = numpy.where(literal > 0, literal, score * HIGHEST)
            order = numpy.argsort(-score, kind="stable")
            inside = bool(right.any())
            counts["in" if inside else "out"] += 1
            if inside:
                rank = int(numpy.flatnonzero(right[order])[0])
                counts["hit1"] += rank == 0
                counts["hit3"] += rank < 3
                counts["mrr"] += 1 / (rank + 1)
            top = score[order]
            lead = top[0] - (top[1] if len(top) > 1 else 0)
            if (top[0] >= 0.96 and lead > 0) or (top[0] >= ANSWER and lead >= MARGIN):
                counts["answered" if right[order[0]] else "wrong" if inside else "foreign"] += 1
            elif top[0] >= CLARIFY and (top[1:3] >= top[0] * LEAST_CHOICE).any():
                offered = 1 + int((top[1:3] >= top[0] * LEAST_CHOICE).sum())
                counts["clarified" if inside else "foreign_clarified"] += 1
                counts["right_offered"] += bool(right[order[:offered]].any())
        return counts


def told(counts):
    inside, outside = max(counts["in"], 1), max(counts["out"], 1)
    share = lambda key, of: f"{key} {100 * counts[key] / of:.1f} %"
    return "; ".join([f"{counts['in']} in scope", f"{counts['out']} foreign", f"MRR {counts['mrr'] / inside:.3f}"]
                     + [share(key, inside) for key in ["hit1", "hit3", "answered", "wrong", "clarified", "right_offered"]]
                     + [share(key, outside) for key in ["foreign", "foreign_clarified"]])


def settle(cases, odds):
    """Scale and shift that answer most within the limits."""
    best = None
    for scale in numpy.arange(0.4, 1.31, 0.1):
        for shift in numpy.arange(-2.0, 4.1, 0.25):
            counts = cases.judge(1 / (1 + numpy.exp(-(scale * odds + shift))))
            within = counts["wrong"] <= WRONG * counts["in"] and counts["foreign"] <= FOREIGN * max(counts["out"], 1)
            # Being offered the right entry among others is worth half of being answered.
            worth = counts["answered"] + 0.5 * counts["right_offered"] - 0.5 * counts["foreign_clarified"]
            if within and (best is None or worth > best[0]):
                best = (worth, scale, shift)
    return best[1:] if best else (0.0, 0.0)


def fit(cases, columns):
    free = cases.rows[cases.rows[:, 4] == 0]
    bias, weights = logistic(free[:, columns], free[:, 2])
    scale, shift = settle(cases, bias + cases.rows[:, columns] @ weights)
    return scale * bias + shift, scale * weights


def main(path):
    table = numpy.loadtxt(path, skiprows=1)
    every = numpy.unique(table[:, 0])
    # Neighbouring cases are phrasings of one intent: whole stretches go to one half.
    halves = [every[(every // 60) % 2 == half] for half in (0, 1)]
    for name, columns in [("both", [3, 5, 6]), ("vectors", [5, 6]), ("words", [3])]:
        for here, there in [halves, halves[::-1]]:
            bias, weights = fit(Cases(table, here), columns)
            unseen = Cases(table, there)
            print(name, told(unseen.judge(1 / (1 + numpy.exp(-(bias + unseen.rows[:, columns] @ weights))))), flush=True)
        bias, weights = fit(Cases(table, every), columns)
        print(f"{name}: bias {bias:.2f}, weights {numpy.round(weights, 2).tolist()} of {columns}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
