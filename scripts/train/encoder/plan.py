"""Hyper-parameters of the encoder's training, and the learning rate over time."""

import dataclasses
import math


@dataclasses.dataclass
class Plan:
    """Hyper-parameters, chosen on the development trades."""

    width: int = 192
    layers: int = 4
    feed_forward: int = 768
    dropout: float = 0.1
    masked_steps: int = 800
    masked_batch: int = 256
    masked_share: float = 0.2  # of the tokens
    masked_rate: float = 1.5e-3
    dictionary_rows: int = 0  # of dictionary words among the sentences for masking
    steps: int = 2500
    groups: int = 64  # intents in a batch
    trade_share: float = 0.5  # of them from one trade
    phrasings: int = 4  # sentences of an intent in a batch, at most
    rate: float = 1e-3
    temperature: float = 0.05
    best_weight: float = 0.5  # of the loss that is content with one near phrasing; the rest wants all near
    word_drop: float = 0.1
    error_share: float = 0.5  # of the sentences with recognition errors
    masked_weight: float = 0.1  # of the masked-word loss beside the contrastive one
    same_meaning: float = 0.6  # cosine from which another trade's phrasing counts as neither near nor far
    hard_share: float = 0.5  # of a trade's intents in a batch chosen as neighbours of the others
    seed: int = 1


def schedule(step: int, steps: int, warm_up: int = 100) -> float:
    """Linear warm-up, then a cosine to a hundredth."""
    if step < warm_up:
        return (step + 1) / warm_up
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (step - warm_up) / max(1, steps - warm_up)))
