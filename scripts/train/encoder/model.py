"""The compact encoder, `yingda-compact-1`: a small pre-norm transformer over characters and syllables.

Shapes: B sentences, T tokens (padded), W width, H heads.
"""

from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ARCHITECTURE = "yingda-compact-1"


@dataclass(frozen=True)
class Config:
    """Sizes; the JSON of `config` in the file's metadata."""

    tokens: int
    syllables: int
    width: int = 256
    layers: int = 4
    heads: int = 4
    feed_forward: int = 1024
    max_tokens: int = 64

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


class Dropout(nn.Module):
    """Dropout with one mask for all tokens of a sentence (Gal and Ghahramani 2016), which is also cheaper."""

    def __init__(self, rate: float):
        super().__init__()
        self.rate = rate

    def forward(self, x: Tensor) -> Tensor:
        """`x`: [B, T, W]."""
        if not self.training or self.rate == 0:
            return x
        keep = torch.rand(x.shape[0], 1, x.shape[2]) >= self.rate
        return x * (keep / (1 - self.rate)).to(x.dtype)


class Block(nn.Module):
    """Pre-norm block (Xiong et al. 2020): self-attention and a GELU feed-forward, each added to its input."""

    def __init__(self, config: Config, dropout: float):
        super().__init__()
        width = config.width
        self.heads = config.heads
        self.attention_norm = nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)
        self.ffn_norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, config.feed_forward)
        self.down = nn.Linear(config.feed_forward, width)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor, keep: Tensor) -> Tensor:
        """`x`: [B, T, W]; `keep`: bool [B, 1, 1, T], false where padded."""
        batch, time, width = x.shape
        qkv = self.qkv(self.attention_norm(x)).view(batch, time, 3, self.heads, width // self.heads)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        # Spelt out: for sentences this short it trains three times faster on CPU than the fused operator.
        scores = (q * (width // self.heads) ** -0.5) @ k.transpose(-1, -2)
        mixed = scores.masked_fill(~keep, -torch.inf).softmax(-1) @ v
        x = x + self.dropout(self.out(mixed.transpose(1, 2).reshape(batch, time, width)))
        return x + self.dropout(self.down(F.gelu(self.up(self.ffn_norm(x)))))


class Encoder(nn.Module):
    """Token ids to states and to sentence vectors. Heads, if any, read the mean of the states."""

    def __init__(self, config: Config, syllable_of_token: Tensor, heads: dict[str, int] | None = None, dropout=0.1):
        super().__init__()
        self.config = config
        self.register_buffer("syllable_of_token", syllable_of_token, persistent=False)
        self.token = nn.Embedding(config.tokens, config.width)
        self.syllable = nn.Embedding(config.syllables, config.width)
        self.position = nn.Embedding(config.max_tokens, config.width)
        self.layers = nn.ModuleList(Block(config, dropout) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.heads = nn.ModuleDict({name: nn.Linear(config.width, n) for name, n in (heads or {}).items()})
        self.dropout = Dropout(dropout)
        for table, scale in ((self.token, 0.05), (self.syllable, 0.05), (self.position, 0.01)):
            nn.init.normal_(table.weight, std=scale)
        for block in self.layers:
            for linear in (block.out, block.down):
                nn.init.normal_(linear.weight, std=linear.in_features**-0.5 / (2 * config.layers) ** 0.5)

    def states(self, ids: Tensor) -> Tensor:
        """Normed states [B, T, W] of `ids` [B, T]; id 0 is padding."""
        keep = (ids != 0)[:, None, None, :]
        positions = torch.arange(ids.shape[1], device=ids.device)
        x = self.token(ids) + self.syllable(self.syllable_of_token[ids]) + self.position(positions)
        x = self.dropout(x)
        for block in self.layers:
            x = block(x, keep)
        return self.norm(x)

    def mean(self, ids: Tensor) -> Tensor:
        """Mean of the states over what is not padding, [B, W], float32."""
        weight = (ids != 0).float()[:, :, None]
        return (self.states(ids).float() * weight).sum(1) / weight.sum(1)

    def forward(self, ids: Tensor) -> Tensor:
        """Unit vectors [B, W], float32."""
        return F.normalize(self.mean(ids), dim=1)


def pad(sequences: list[list[int]]) -> Tensor:
    """Token ids [B, T], padded with 0 to the longest."""
    longest = max(map(len, sequences))
    return torch.tensor([s + [0] * (longest - len(s)) for s in sequences])


def by_length(function, sequences: list[list[int]], parts: int) -> Tensor:
    """Apply `function` to batches of sequences of like length, which saves padding; rows in the given order."""
    order = sorted(range(len(sequences)), key=lambda i: len(sequences[i]))
    step = max(1, -(-len(order) // parts))
    rows = [function(pad([sequences[i] for i in order[at : at + step]])) for at in range(0, len(order), step)]
    place = torch.empty(len(order), dtype=torch.long)
    place[torch.tensor(order)] = torch.arange(len(order))
    return torch.cat(rows)[place]


class MixedPrecision:
    """AdamW on float32 master weights while the network computes in bfloat16, with an average of the weights.

    On CPUs with bfloat16 products this is several times faster than autocast. The average is exponential,
    its half-life growing with the steps done up to `average_decay`; it is what gets exported.
    """

    def __init__(self, model: nn.Module, rate: float, weight_decay: float = 0.01, average_decay: float = 0.998):
        self.model = model.to(torch.bfloat16)
        self.parameters = [p for p in model.parameters() if p.requires_grad]
        self.masters = [p.detach().float().clone().requires_grad_() for p in self.parameters]
        self.averages = [m.detach().clone() for m in self.masters]
        self.average_decay = average_decay
        self.rate = rate
        self.steps = 0
        groups = [
            {"params": [m for m in self.masters if m.dim() > 1], "weight_decay": weight_decay},
            {"params": [m for m in self.masters if m.dim() < 2], "weight_decay": 0.0},
        ]
        self.optimiser = torch.optim.AdamW(groups, lr=rate, betas=(0.9, 0.98), fused=True)

    def step(self, loss: Tensor, factor: float) -> None:
        """One step at `factor` times the rate; the gradient's norm is clipped at 1."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * factor
        loss.backward()
        for parameter, master in zip(self.parameters, self.masters):
            master.grad = None if parameter.grad is None else parameter.grad.float()
            parameter.grad = None
        nn.utils.clip_grad_norm_(self.masters, 1.0)
        self.optimiser.step()
        self.steps += 1
        decay = min(self.average_decay, self.steps / (self.steps + 9))
        with torch.no_grad():
            torch._foreach_lerp_(self.averages, [m.detach() for m in self.masters], 1 - decay)
            for parameter, master in zip(self.parameters, self.masters):
                parameter.copy_(master)

    def averaged_state(self) -> dict[str, Tensor]:
        """The averaged weights by name, float32."""
        names = [n for n, p in self.model.named_parameters() if p.requires_grad]
        return dict(zip(names, (a.clone() for a in self.averages)))

    def state(self) -> dict:
        return {
            "masters": [m.detach() for m in self.masters],
            "averages": self.averages,
            "optimiser": self.optimiser.state_dict(),
            "steps": self.steps,
        }

    def restore(self, state: dict) -> None:
        self.steps = state["steps"]
        self.optimiser.load_state_dict(state["optimiser"])
        with torch.no_grad():
            for mine, theirs in ((self.masters, state["masters"]), (self.averages, state["averages"])):
                for a, b in zip(mine, theirs):
                    a.copy_(b)
            for parameter, master in zip(self.parameters, self.masters):
                parameter.copy_(master)
