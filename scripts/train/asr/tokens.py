"""Texts as numbers: Whisper's vocabulary for the decoder, syllables and letters for the CTC head.

Each hanzi is encoded on its own, so that the decoder has one way to write it; a Latin word is encoded as a whole. Only the
tokens that occur are trained: the other rows of the file stay zero (see `export`).
"""

import base64
import re
from pathlib import Path

import tiktoken
from pypinyin import lazy_pinyin

END, START, ENGLISH, CHINESE, TRANSCRIBE, NO_TIMESTAMPS = 50_257, 50_258, 50_259, 50_260, 50_359, 50_363
"""Special tokens of the multilingual vocabulary: end of text, start of transcript, `<|en|>`, `<|zh|>`, the task."""

VOCABULARY = 51_865
BLANK = 0
PATTERN = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
PIECE = re.compile(r" ?[A-Za-z']+|.")


def vocabulary(assets):
    """Whisper's tokens without the special ones, as bytes, by their numbers: the commoner ones come first."""
    rows = (row.split() for row in open(Path(assets, "multilingual.tiktoken")) if row.strip())
    return [base64.b64decode(token) for token, _ in sorted(rows, key=lambda row: int(row[1]))]


class Tokens:
    """Encodes and decodes; grows a compact numbering of the tokens and CTC units that it has seen, in order of appearance."""

    def __init__(self, assets, used=None, units=None):
        ranks = {token: rank for rank, token in enumerate(vocabulary(assets))}
        self.encoding = tiktoken.Encoding("whisper", pat_str=PATTERN, mergeable_ranks=ranks, special_tokens={})
        self.used = list(used or [END, START, ENGLISH, CHINESE, TRANSCRIBE, NO_TIMESTAMPS])
        self.compact = {token: place for place, token in enumerate(self.used)}
        self.units = list(units or ["<blank>"] + [f"@{letter}" for letter in "abcdefghijklmnopqrstuvwxyz"])
        self.unit_of = {unit: place for place, unit in enumerate(self.units)}
        self.cache = {}

    def encode(self, text):
        """Compact numbers of `text`, without the special ones."""
        out = []
        for piece in PIECE.findall(text):
            if piece not in self.cache:
                ids = self.encoding.encode(piece)
                for token in ids:
                    if token not in self.compact:
                        self.compact[token] = len(self.used)
                        self.used.append(token)
                self.cache[piece] = [self.compact[token] for token in ids]
            out += self.cache[piece]
        return out

    def prompt(self, language):
        """What the decoder is given first."""
        return [self.compact[token] for token in (START, ENGLISH if language == "en" else CHINESE, TRANSCRIBE, NO_TIMESTAMPS)]

    def end(self):
        return self.compact[END]

    def decode(self, numbers):
        """Text of compact numbers up to the end token."""
        ids = [self.used[number] for number in numbers]
        ids = ids[: ids.index(END)] if END in ids else ids
        return self.encoding.decode([token for token in ids if token < END], errors="replace")

    def ctc(self, sounds):
        """Compact numbers of what `sounds` gave."""
        for unit in sounds:
            if unit not in self.unit_of:
                self.unit_of[unit] = len(self.units)
                self.units.append(unit)
        return [self.unit_of[unit] for unit in sounds]


def sounds(text):
    """What the CTC head learns to hear: toneless syllables; letters for what is Latin."""
    out = []
    for run in re.findall(r"[A-Za-z]+|[^A-Za-z\s']+", text):
        out += [f"@{letter}" for letter in run.lower()] if run[0].isascii() else lazy_pinyin(run)
    return out
