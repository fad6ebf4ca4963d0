"""How often the right intent comes first: dense, lexical and both together.

    python scripts/train/encoder/evaluate.py --checkpoint WORK/encoder.pt --text FOLDER... --businesses FILE.csv...

Two measures. `businesses`: every similar question of a business is left out in turn and asked of all other
phrasings of its file. `trades`: every phrasing of a held-out trade is left out in turn, the others indexed.
An intent scores by its best phrasing, mixed with the mean of its phrasings.
"""

import argparse
import csv
import math
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from pypinyin import lazy_pinyin

from data import DEVELOPMENT_TRADES, HELD_OUT_TRADES, read_intents, normalise
from export import load_checkpoint
from model import by_length

LEXICAL_WEIGHT = 0.4  # of BM25 as a share of the query's score for itself, beside the cosine
MEAN_WEIGHT = 0.6  # of the mean over an intent's phrasings; the rest is its best phrasing


def terms(text: str) -> Counter:
    """Characters, pairs of characters and pairs of toneless syllables."""
    text = normalise(text).replace(" ", "")
    sounds = lazy_pinyin(text)
    pairs = [a + b for a, b in zip(text, text[1:])]
    return Counter(list(text) + pairs + [f"{a} {b}" for a, b in zip(sounds, sounds[1:])])


def lexical_scores(phrasings: list[str]) -> np.ndarray:
    """BM25 (k1 = 1.2, b = 0.5; Robertson and Zaragoza 2009) of each phrasing as a query for each, [N, N]."""
    documents = [terms(p) for p in phrasings]
    counts = Counter(t for d in documents for t in d)
    vocabulary = {t: i for i, t in enumerate(counts)}
    n = len(documents)
    lengths = np.array([sum(d.values()) for d in documents], dtype=float)
    weights = np.zeros((n, len(vocabulary)), dtype=np.float32)
    present = np.zeros_like(weights)
    for row, document in enumerate(documents):
        norm = 1.2 * (0.5 + 0.5 * lengths[row] / lengths.mean())
        for term, frequency in document.items():
            idf = math.log(1 + (n - counts[term] + 0.5) / (counts[term] + 0.5))
            weights[row, vocabulary[term]] = idf * frequency * 2.2 / (frequency + norm)
            present[row, vocabulary[term]] = 1
    return present @ weights.T


def ranks(scores: np.ndarray, intent_of: np.ndarray, queries: np.ndarray, mean_weight: float) -> np.ndarray:
    """Rank (0 is best) of the right intent for each query; `scores` [N, N], the query itself left out."""
    intents = int(intent_of.max()) + 1
    member = np.zeros((intents, len(intent_of)), dtype=bool)
    member[intent_of, np.arange(len(intent_of))] = True
    out = []
    for q in queries:
        use = member.copy()
        use[:, q] = False
        best = np.where(use, scores[q], -np.inf).max(1)
        mean = np.where(use, scores[q], 0).sum(1) / np.maximum(use.sum(1), 1)
        score = (1 - mean_weight) * best + mean_weight * mean
        out.append(int((score > score[intent_of[q]]).sum()))
    return np.array(out)


def hits(found: np.ndarray) -> tuple[float, float]:
    """hit@1 and hit@3, per cent."""
    return 100 * float((found < 1).mean()), 100 * float((found < 3).mean())


class Bench:
    """A set of intents with its lexical scores, which do not change while a model trains."""

    def __init__(self, name: str, phrasings: list[str], intent_of: list[int], queries: list[int]):
        self.name, self.phrasings = name, phrasings
        self.intent_of, self.queries = np.array(intent_of), np.array(queries)
        lexical = lexical_scores(phrasings)
        self.lexical = lexical / np.maximum(np.diag(lexical)[:, None], 1e-6)

    def ranks(self, vectors: np.ndarray | None, lexical_weight: float, mean_weight: float = MEAN_WEIGHT) -> np.ndarray:
        dense = 0.0 if vectors is None else vectors @ vectors.T
        return ranks(dense + lexical_weight * self.lexical, self.intent_of, self.queries, mean_weight)


def business_bench(path: Path) -> Bench:
    phrasings, intent_of, queries = [], [], []
    with path.open(encoding="utf-8-sig", newline="") as file:
        for intent, row in enumerate(csv.DictReader(file)):
            similar = row["similar_questions"].split("|")
            queries += range(len(phrasings) + 1, len(phrasings) + 1 + len(similar))
            phrasings += [row["question"], *similar]
            intent_of += [intent] * (1 + len(similar))
    return Bench(path.stem, phrasings, intent_of, queries)


def trade_benches(folders: list[Path], trades: tuple[str, ...]) -> list[Bench]:
    benches = []
    for trade in trades:
        rows = [i.phrasings for i in read_intents(folders) if i.trade == trade]
        phrasings = [p for row in rows for p in row]
        intent_of = [n for n, row in enumerate(rows) for _ in row]
        benches.append(Bench(trade, phrasings, intent_of, list(range(len(phrasings)))))
    return benches


def embed(model, tokeniser, texts: list[str]) -> np.ndarray:
    """Unit vectors [N, W]."""
    training = model.training
    model.eval()
    with torch.no_grad():
        vectors = by_length(model, [tokeniser.encode(t) for t in texts], max(1, len(texts) // 64))
    model.train(training)
    return vectors.numpy()


def report(title: str, benches: list[Bench], model, tokeniser, every: bool = True) -> None:
    """A line per bench and one over all queries: dense, lexical, both."""
    total: dict[str, list[np.ndarray]] = {"dense": [], "lexical": [], "both": []}
    for bench in benches:
        vectors = embed(model, tokeniser, bench.phrasings)
        found = {
            "dense": bench.ranks(vectors, 0.0),
            "lexical": bench.ranks(None, 1.0),
            "both": bench.ranks(vectors, LEXICAL_WEIGHT),
        }
        for kind, values in found.items():
            total[kind].append(values)
        if every:
            print(f"  {bench.name}: " + ", ".join("%s %.1f/%.1f" % (k, *hits(v)) for k, v in found.items()))
    line = ", ".join("%s %.1f/%.1f" % (k, *hits(np.concatenate(v))) for k, v in total.items())
    print(f"{title}: hit@1/hit@3 {line}", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--text", type=Path, nargs="+", required=True, help="folders of text")
    parser.add_argument("--businesses", type=Path, nargs="*", default=[], help="CSV files of question,similar_questions")
    parser.add_argument("--development", action="store_true", help="the development trades, nothing else")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model, tokeniser, _, _ = load_checkpoint(arguments.checkpoint)
    if arguments.development:
        report("development trades", trade_benches(arguments.text, DEVELOPMENT_TRADES), model, tokeniser)
        return
    report("held-out trades", trade_benches(arguments.text, HELD_OUT_TRADES), model, tokeniser)
    if arguments.businesses:
        report("businesses", [business_bench(p) for p in arguments.businesses], model, tokeniser)


if __name__ == "__main__":
    main()
