"""A Whisper-shaped network (Radford et al. 2022, arXiv:2212.04356), small, with a CTC head on the encoder for training.

Parameter names are those of whisper.cpp's files. Shapes: features (batch, 80, frames) -> encoder states
(batch, frames / 2, width) -> logits (batch, tokens, used vocabulary).
"""

import math
from dataclasses import asdict, dataclass

import torch
import torch.nn.functional as F
from torch import nn

POSITIONS, TEXT_POSITIONS, BINS = 1_500, 448, 80


@dataclass
class Dimensions:
    width: int = 256
    heads: int = 4
    encoder_layers: int = 4
    decoder_layers: int = 3

    def as_dict(self):
        return asdict(self)


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(self, states, others, causal=False):
        def split(tensor):
            return tensor.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        mixed = F.scaled_dot_product_attention(split(self.query(states)), split(self.key(others)), split(self.value(others)), is_causal=causal)
        return self.out(mixed.transpose(1, 2).flatten(2))


class Block(nn.Module):
    def __init__(self, width, heads, cross):
        super().__init__()
        self.attn = Attention(width, heads)
        self.attn_ln = nn.LayerNorm(width)
        self.cross = cross
        if cross:
            self.cross_attn = Attention(width, heads)
            self.cross_attn_ln = nn.LayerNorm(width)
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.mlp_ln = nn.LayerNorm(width)

    def forward(self, states, heard=None, dropout=0.0):
        normed = self.attn_ln(states)
        states = states + F.dropout(self.attn(normed, normed, causal=self.cross), dropout, self.training)
        if self.cross:
            states = states + F.dropout(self.cross_attn(self.cross_attn_ln(states), heard), dropout, self.training)
        return states + F.dropout(self.mlp(self.mlp_ln(states)), dropout, self.training)


class Encoder(nn.Module):
    def __init__(self, size):
        super().__init__()
        width = size.width
        self.conv1 = nn.Conv1d(BINS, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.register_buffer("positional_embedding", sinusoids(POSITIONS, width))
        self.blocks = nn.ModuleList(Block(width, size.heads, cross=False) for _ in range(size.encoder_layers))
        self.ln_post = nn.LayerNorm(width)

    def forward(self, features, dropout=0.0):
        states = F.gelu(self.conv2(F.gelu(self.conv1(features)))).transpose(1, 2)
        states = states + self.positional_embedding[: states.shape[1]]
        for block in self.blocks:
            states = block(states, dropout=dropout)
        return self.ln_post(states)


class Decoder(nn.Module):
    def __init__(self, size, vocabulary):
        super().__init__()
        width = size.width
        self.token_embedding = nn.Embedding(vocabulary, width)
        nn.init.normal_(self.token_embedding.weight, std=0.05)
        self.positional_embedding = nn.Parameter(torch.randn(TEXT_POSITIONS, width) * 0.02)
        self.blocks = nn.ModuleList(Block(width, size.heads, cross=True) for _ in range(size.decoder_layers))
        self.ln = nn.LayerNorm(width)

    def forward(self, tokens, heard, dropout=0.0):
        states = self.token_embedding(tokens) + self.positional_embedding[: tokens.shape[1]]
        for block in self.blocks:
            states = block(states, heard, dropout)
        return self.ln(states) @ self.token_embedding.weight.T


class Recognizer(nn.Module):
    def __init__(self, size, vocabulary, units):
        super().__init__()
        self.encoder = Encoder(size)
        self.decoder = Decoder(size, vocabulary)
        self.ctc = nn.Linear(size.width, units)
        with torch.no_grad():
            # Sinusoidal positions are of size 1 and swamp what fresh convolutions let through.
            self.encoder.conv1.weight.mul_(2)
            self.encoder.conv2.weight.mul_(4)


def sinusoids(positions, width):
    """Whisper's fixed positions of the encoder, (positions, width)."""
    step = math.log(10_000) / (width // 2 - 1)
    scales = torch.exp(-step * torch.arange(width // 2))
    angles = torch.arange(positions)[:, None] * scales[None]
    return torch.cat([angles.sin(), angles.cos()], 1)
