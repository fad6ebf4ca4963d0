"""A checkpoint as a ggml file for whisper.cpp: quantised weights, Whisper's mel filters and vocabulary.

Quantises to Q8_0 (blocks of 32 with one float16 scale) what whisper.cpp multiplies as matrices; convolutions stay float16;
biases, norms and positions float32. Rows of the vocabulary that training never saw are zero.
"""

import argparse
import struct
from pathlib import Path

import numpy as np
import torch

from model import POSITIONS, TEXT_POSITIONS, sinusoids
from tokens import VOCABULARY, vocabulary

MAGIC = 0x67676D6C
F32, F16, Q8_0 = 0, 1, 8
"""ggml tensor types."""

FILE_F16, FILE_Q8_0 = 1, 7
"""ggml file types; the quantisation format's version, 2, is added times 1,000."""


def q8_0(matrix):
    """Bytes of (rows, columns) in blocks of 32 along the columns: scale (float16), 32 signed bytes."""
    blocks = matrix.reshape(-1, 32).astype(np.float32)
    scale = np.abs(blocks).max(1, keepdims=True) / 127
    quants = np.round(blocks / np.where(scale == 0, 1, scale)).astype(np.int8)
    out = np.empty(len(blocks), dtype=[("scale", "<f2"), ("quants", "i1", 32)])
    out["scale"], out["quants"] = scale[:, 0], quants
    return out.tobytes()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--assets", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--type", choices=["q8_0", "f16"], default="q8_0")
    options = parser.parse_args()

    state = torch.load(options.checkpoint, map_location="cpu")
    size = state["dimensions"]
    width, heads = size["width"], size["heads"]
    tensors = {name: value.numpy() for name, value in state["master"].items() if not name.startswith("ctc.")}
    tensors["encoder.positional_embedding"] = sinusoids(POSITIONS, width).numpy()
    embedding = np.zeros((VOCABULARY, width), np.float32)
    embedding[state["used"]] = tensors["decoder.token_embedding.weight"][: len(state["used"])]
    tensors["decoder.token_embedding.weight"] = embedding
    quantised = options.type == "q8_0"

    with open(options.out, "wb") as file:

        def write(*numbers):
            file.write(struct.pack(f"<{len(numbers)}i", *numbers))

        kind = 2_000 + FILE_Q8_0 if quantised else FILE_F16
        write(MAGIC, VOCABULARY, POSITIONS, width, heads, size["encoder_layers"], TEXT_POSITIONS, width, heads, size["decoder_layers"], 80, kind)
        filters = np.load(Path(options.assets, "mel_filters.npz"))["mel_80"].astype(np.float32)
        write(*filters.shape)
        file.write(filters.tobytes())
        tokens = vocabulary(options.assets)
        write(len(tokens))
        for token in tokens:
            write(len(token))
            file.write(token)
        for name, value in tensors.items():
            if name in ("encoder.conv1.bias", "encoder.conv2.bias"):
                value = value.reshape(-1, 1)
            convolution = name in ("encoder.conv1.weight", "encoder.conv2.weight")
            matrix = value.ndim == 2 and name.endswith("weight")
            tensor_type = F16 if convolution or (matrix and not quantised) else Q8_0 if matrix else F32
            write(value.ndim, len(name.encode()), tensor_type)
            write(*reversed(value.shape))
            file.write(name.encode())
            if tensor_type == Q8_0:
                file.write(q8_0(value))
            else:
                file.write(np.ascontiguousarray(value, np.float16 if tensor_type == F16 else np.float32).tobytes())
    print(f"{options.out}: {Path(options.out).stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
