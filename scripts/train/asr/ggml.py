"""Reads a whisper.cpp file back, so that training can go on from a model that is already shipped."""

import struct

import numpy as np

F32, F16, Q8_0 = 0, 1, 8


def read(path):
    """`(dimensions, {name: float32 array})` of a Whisper file in f16 or Q8_0, as `export` writes it."""
    with open(path, "rb") as file:

        def integers(count):
            return struct.unpack(f"<{count}i", file.read(4 * count))

        _, _, _, width, heads, encoder_layers, _, _, _, decoder_layers, _, _ = integers(12)
        rows, columns = integers(2)
        file.read(4 * rows * columns)
        for _ in range(integers(1)[0]):
            file.read(integers(1)[0])
        tensors = {}
        while header := file.read(12):
            axes, length, kind = struct.unpack("<3i", header)
            shape = tuple(reversed(integers(axes)))
            name = file.read(length).decode()
            count = int(np.prod(shape))
            if kind == Q8_0:
                blocks = np.frombuffer(file.read(count // 32 * 34), dtype=[("scale", "<f2"), ("quants", "i1", 32)])
                values = blocks["scale"].astype(np.float32)[:, None] * blocks["quants"]
            else:
                values = np.frombuffer(file.read(count * (2 if kind == F16 else 4)), "<f2" if kind == F16 else "<f4")
            tensors[name] = values.astype(np.float32).reshape(shape)
    size = {"width": width, "heads": heads, "encoder_layers": encoder_layers, "decoder_layers": decoder_layers}
    return size, tensors
