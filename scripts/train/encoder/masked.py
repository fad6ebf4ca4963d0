"""Masked-word learning: the encoder guesses hidden words, and rights misheard ones, from their sentence."""

import random

import torch
import torch.nn.functional as F
from torch import Tensor

from augment import Recogniser
from data import CLS, MASK, Tokeniser
from model import Encoder, pad


class Masker:
    """Batches of sentences with whole words masked, misheard or left, and what stood there."""

    def __init__(self, sentences: list[list[str]], tokeniser: Tokeniser, recogniser: Recogniser, share: float):
        self.sentences = [[w for w in words if not w.isspace()] for words in sentences]
        self.tokeniser, self.recogniser, self.share = tokeniser, recogniser, share

    def batch(self, size: int) -> tuple[Tensor, Tensor]:
        """Ids [B, T] as the network reads them, and targets [B, T], -100 where nothing is asked."""
        inputs, targets = [], []
        for words in random.choices(self.sentences, k=size):
            ids, wanted = [CLS], [-100]
            for word in words:
                original = self.tokeniser.encode(word)[1:]
                if random.random() >= self.share:
                    ids += original
                    wanted += [-100] * len(original)
                    continue
                kind = random.random()
                if kind < 0.7:
                    ids += [MASK] * len(original)
                elif kind < 0.9:
                    heard = self.tokeniser.encode("".join(map(self.recogniser.misheard, word)))[1:]
                    ids += heard if len(heard) == len(original) else original
                else:
                    ids += original
                wanted += original
            inputs.append(ids[: self.tokeniser.max_tokens])
            targets.append(wanted[: self.tokeniser.max_tokens])
        ids = pad(inputs)
        wanted = torch.full_like(ids, -100)
        for row, target in enumerate(targets):
            wanted[row, : len(target)] = torch.tensor(target)
        return ids, wanted


def masked_loss(model: Encoder, ids: Tensor, wanted: Tensor) -> Tensor:
    """Cross-entropy of the masked tokens; the output layer is the token table."""
    order = (ids != 0).sum(1).argsort()
    states, targets = [], []
    for part in order.chunk(4):
        longest = int((ids[part] != 0).sum(1).max())
        asked = wanted[part, :longest] != -100
        states.append(model.states(ids[part, :longest])[asked])
        targets.append(wanted[part, :longest][asked])
    logits = torch.cat(states) @ model.token.weight.T
    return F.cross_entropy(logits.float(), torch.cat(targets))
