"""Contrastive learning on paraphrase groups: batches of intents, and the loss that draws phrasings together."""

import random

import numpy as np
import torch
from torch import Tensor

from augment import Recogniser, drop_words, segment
from data import Corpus, Tokeniser
from evaluate import embed
from model import Encoder
from plan import Plan


class Groups:
    """Paraphrase groups and the batches made of them: half from one trade, with hard neighbours."""

    def __init__(self, corpus: Corpus, recogniser: Recogniser, plan: Plan):
        self.words = [[segment(p) for p in i.phrasings] for i in corpus.intents]
        names = sorted({i.trade for i in corpus.intents})
        self.trade = [names.index(i.trade) for i in corpus.intents]
        self.members = [[g for g, t in enumerate(self.trade) if t == n] for n in range(len(names))]
        self.texts = [list(i.phrasings) for i in corpus.intents]
        self.neighbours: list[list[int]] | None = None
        self.recogniser, self.plan = recogniser, plan

    def mine(self, model: Encoder, tokeniser: Tokeniser) -> None:
        """For each intent, the eight nearest of its trade by the mean vector."""
        vectors = embed(model, tokeniser, [p for t in self.texts for p in t])
        starts = np.cumsum([0] + [len(t) for t in self.texts])
        means = np.stack([vectors[a:b].mean(0) for a, b in zip(starts, starts[1:])])
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        self.neighbours = [[] for _ in self.texts]
        for members in self.members:
            near = means[members] @ means[members].T
            np.fill_diagonal(near, -2)
            for g, row in zip(members, near):
                self.neighbours[g] = [members[i] for i in np.argsort(-row)[:8]]

    def choose(self) -> list[int]:
        """Intents of a batch."""
        plan = self.plan
        members = random.choice(self.members)
        wanted = min(len(members), round(plan.groups * plan.trade_share))
        if self.neighbours is None:
            chosen = random.sample(members, wanted)
        else:
            chosen = []
            while len(chosen) < wanted:
                chosen.append(random.choice([m for m in members if m not in chosen]))
                if random.random() < plan.hard_share:
                    near = [n for n in self.neighbours[chosen[-1]] if n not in chosen]
                    chosen += random.sample(near, min(2, len(near), wanted - len(chosen)))
        taken = set(chosen)
        while len(chosen) < plan.groups:
            other = random.randrange(len(self.texts))
            if other not in taken:
                taken.add(other)
                chosen.append(other)
        return chosen

    def batch(self) -> tuple[list[str], Tensor, Tensor]:
        """Texts, their intents [B] and their trades [B]."""
        plan, texts, intents = self.plan, [], []
        for group in self.choose():
            phrasings = self.words[group]
            for words in random.sample(phrasings, min(len(phrasings), plan.phrasings)):
                if random.random() < 0.5:
                    words = drop_words(words, 2 * plan.word_drop)
                heard = random.random() < plan.error_share
                texts.append(self.recogniser(words) if heard else "".join(words))
                intents.append(group)
        return texts, torch.tensor(intents), torch.tensor([self.trade[g] for g in intents])


def contrastive_loss(vectors: Tensor, intents: Tensor, trades: Tensor, plan: Plan) -> Tensor:
    """InfoNCE over groups, two ways mixed.

    Every phrasing near: the mean over the other phrasings of an intent (supervised contrastive, Khosla et al.
    2020). One near: their log-mean-exp, as retrieval scores an intent by its best phrasing. Phrasings of other
    trades that are already near are left out of the negatives: generic intents recur across trades.
    """
    cosine = vectors @ vectors.T
    same = intents[:, None] == intents[None]
    self_pair = torch.eye(len(intents), dtype=torch.bool)
    doubtful = (trades[:, None] != trades[None]) & (cosine.detach() > plan.same_meaning)
    logits = (cosine / plan.temperature).masked_fill(self_pair | doubtful, -1e4)
    positive = same & ~self_pair
    count = positive.sum(1).clamp(min=1)
    against = torch.logsumexp(logits.masked_fill(same, -1e4), 1)
    every = (torch.logaddexp(logits, against[:, None]) - logits).masked_fill(~positive, 0).sum(1) / count
    best = torch.logsumexp(logits.masked_fill(~positive, -1e4), 1) - count.log()
    one = torch.logaddexp(best, against) - best
    return (plan.best_weight * one + (1 - plan.best_weight) * every)[positive.any(1)].mean()
