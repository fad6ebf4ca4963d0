"""Text for the encoder: reading, hold-outs, and the tokeniser that the Rust runtime repeats.

Text lies in folders of tab-separated files (UTF-8, no header):

- ``paraphrases*.tsv``, ``english*.tsv``: trade, intent, six phrasings separated by ``|``;
- ``mood*.tsv``: text, label, escalate (0 or 1), evidence;
- every other ``*.tsv``: kind, text (``control*.tsv``).

Sentences to be kept out of training come from CSV files (header line, UTF-8): every cell of the
columns ``question``, ``similar_questions`` (separated by ``|``) and ``text``.
"""

import csv
import json
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

PAD, UNK, CLS, MASK = range(4)
SPECIAL_TOKENS = ["[PAD]", "[UNK]", "[CLS]", "[MASK]"]

# The trades that no training sees: `evaluate.py` measures unseen trades on them.
HELD_OUT_TRADES = ("航空机票", "物业服务", "证券基金理财", "电力公司", "医院挂号与就诊")
# Held out as well while hyper-parameters are chosen; part of the final training.
DEVELOPMENT_TRADES = ("家电维修与安装", "网约车与租车", "税务发票与社保公积金", "酒水饮料食品厂家", "健身美容美发")

# CJK unified ideographs and compatibility ideographs, with extensions A and B to H.
HANZI = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af]")
LATIN_WORD = re.compile(r"[a-z]+(?:'[a-z]+)*")


@dataclass(frozen=True)
class Intent:
    """One row of a paraphrase file: phrasings that one answer serves."""

    trade: str
    name: str
    phrasings: tuple[str, ...]


@dataclass(frozen=True)
class MoodLine:
    """One row of a mood file. `escalate`: a person has to take over the call."""

    text: str
    label: str
    escalate: bool


def normalise(text: str) -> str:
    """NFKC, lower case, one kind of apostrophe: the first step of tokenising."""
    return unicodedata.normalize("NFKC", text).lower().replace("\u2019", "'")


def comparison_key(text: str) -> str:
    """What two sentences must share to count as equal: letters, digits and hanzi only."""
    return re.sub(r"[\W_]", "", normalise(text))


def read_rows(folders: list[Path], columns: int, pattern: str) -> list[list[str]]:
    """Rows of all files that match, files in the order of their names; each sentence file once."""
    rows, seen = [], set()
    for path in sorted((p for folder in folders for p in folder.glob(pattern)), key=lambda p: p.name):
        if path.name in seen:
            continue
        seen.add(path.name)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            cells = line.split("\t")
            if len(cells) != columns:
                raise ValueError(f"{path}:{number}: {len(cells)} columns, expected {columns}")
            rows.append(cells)
    return rows


def read_excluded(paths: list[Path]) -> set[str]:
    """Comparison keys of the sentences of evaluation files."""
    keys = set()
    for path in paths:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file):
                for column in ("question", "similar_questions", "text"):
                    keys.update(comparison_key(s) for s in (row.get(column) or "").split("|") if s)
    return keys


@dataclass
class Corpus:
    """All training text, hold-outs removed. `dropped`: sentences removed because a test holds them."""

    intents: list[Intent]
    sentences: list[str]
    moods: list[MoodLine]
    dropped: list[str]


def read_intents(folders: list[Path]) -> list[Intent]:
    rows = read_rows(folders, 3, "paraphrases*.tsv") + read_rows(folders, 3, "english*.tsv")
    return [Intent(trade, name, tuple(p.split("|"))) for trade, name, p in rows]


def read_corpus(folders: list[Path], excluded: set[str], held_out: tuple[str, ...]) -> Corpus:
    """Training text without the trades in `held_out` and without the sentences in `excluded`."""
    dropped: list[str] = []

    def kept(text: str) -> bool:
        if comparison_key(text) in excluded:
            dropped.append(text)
            return False
        return True

    intents = []
    for intent in read_intents(folders):
        if intent.trade in held_out:
            continue
        phrasings = tuple(p for p in intent.phrasings if kept(p))
        if len(phrasings) >= 2:
            intents.append(Intent(intent.trade, intent.name, phrasings))
    moods = [
        MoodLine(text, label, escalate == "1")
        for text, label, escalate, _ in read_rows(folders, 4, "mood*.tsv")
        if kept(text)
    ]
    control = [text for _, text in read_rows(folders, 2, "control*.tsv") if kept(text)]
    sentences = [p for i in intents for p in i.phrasings] + control + [m.text for m in moods]
    return Corpus(intents, list(dict.fromkeys(sentences)), moods, dropped)


class Tokeniser:
    """Text to token ids. `tokens` is the vocabulary, index = id; the first four are special."""

    def __init__(self, tokens: list[str], max_tokens: int):
        if tokens[: len(SPECIAL_TOKENS)] != SPECIAL_TOKENS:
            raise ValueError("a vocabulary starts with " + " ".join(SPECIAL_TOKENS))
        self.tokens = tokens
        self.max_tokens = max_tokens
        self.ids = {token: i for i, token in enumerate(tokens)}

    def encode(self, text: str) -> list[int]:
        """`[CLS]`, then a token per hanzi, digit and known word, per letter of an unknown word."""
        text = normalise(text)
        ids, at = [CLS], 0
        while at < len(text):
            word = LATIN_WORD.match(text, at)
            if word:
                at = word.end()
                if word[0] in self.ids:
                    ids.append(self.ids[word[0]])
                else:
                    ids += [self.ids.get(letter, UNK) for letter in word[0] if letter != "'"]
                continue
            character = text[at]
            at += 1
            if character in self.ids:
                ids.append(self.ids[character])
            elif HANZI.match(character):
                ids.append(UNK)
        return ids[: self.max_tokens]


def gb2312_hanzi() -> list[str]:
    """The 6,763 hanzi of GB/T 2312-1980 (rows 16 to 87 of its table), in its order."""
    cells = (bytes([row, cell]) for row in range(0xB0, 0xF8) for cell in range(0xA1, 0xFF))
    return [c for c in (cell.decode("gb2312", errors="ignore") for cell in cells) if c]


def build_tokens(sentences: list[str], least_word_count: int = 2, most_words: int = 2400) -> list[str]:
    """The vocabulary: special tokens, GB2312 and the text's hanzi, letters, digits, frequent Latin words."""
    hanzi = gb2312_hanzi()
    known = set(hanzi)
    words: Counter[str] = Counter()
    extra = set()
    for sentence in map(normalise, sentences):
        extra.update(c for c in HANZI.findall(sentence) if c not in known)
        words.update(w for w in LATIN_WORD.findall(sentence) if len(w) > 1)
    ranked = sorted((-n, w) for w, n in words.items() if n >= least_word_count)
    letters = [chr(c) for c in range(ord("a"), ord("z") + 1)]
    digits = [chr(c) for c in range(ord("0"), ord("9") + 1)]
    return SPECIAL_TOKENS + hanzi + sorted(extra) + letters + digits + [w for _, w in ranked[:most_words]]


def token_syllables(tokens: list[str]) -> tuple[list[int], list[str]]:
    """Syllable id of each token, and the syllables by id: toneless pinyin of the commonest reading.

    Id 0 is for tokens without a syllable. Readings: pypinyin, whose first reading is the commonest.
    """
    from pypinyin import Style, pinyin

    readings = [
        pinyin(t, style=Style.NORMAL, heteronym=False)[0][0] if HANZI.fullmatch(t) else "" for t in tokens
    ]
    names = [""] + sorted({r for r in readings if re.fullmatch(r"[a-zü]+", r)})
    index = {name: i for i, name in enumerate(names)}
    return [index.get(r, 0) for r in readings], names


def write_tokenising_cases(path: Path) -> None:
    """A table of cases for the two tokenisers, this one and the runtime's, over a small vocabulary."""
    tokens = SPECIAL_TOKENS + list("空调不冷了退款，") + list("abcdeiptnow") + list("0123") + ["app", "don't", "wifi"]
    texts = [
        "", "空调不冷了", "空调，不冷了！", "空調不冷", "ＡＰＰ 退款", "app退款app", "apple", "Don’t", "don't wi-fi", "WiFi了",
        "dont", "'app'", "can't", "１２0", "①", "9", "㈱", "退\u3000款\t\n退", "𠮷退", "é", "e\u0301", "İ", "😀退", "〇", "豈",
        "app's", "a''b", "[CLS]退", "空调不冷了退款空调不冷了退款", "no",
    ]
    tokeniser = Tokeniser(tokens, max_tokens=10)
    cases = [{"text": t, "ids": tokeniser.encode(t)} for t in texts]
    document = {"tokens": tokens, "max_tokens": tokeniser.max_tokens, "cases": cases}
    lines = ",\n".join("  " + json.dumps(c, ensure_ascii=False) for c in document.pop("cases"))
    head = json.dumps(document, ensure_ascii=False)[:-1]
    path.write_text(f'{head}, "cases": [\n{lines}\n]}}\n', encoding="utf-8")
