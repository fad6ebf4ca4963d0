"""What is said to the recogniser in training: the written sentences of `scripts/train/text`, numbers and codes, random words.

A line of the list is `(kind, language, spoken)`; a `，` in `spoken` is a pause and is not written. The sentences of the sample
businesses, the scenarios, the mood test and whole held-out trades are left out, whatever file they stand in; the words that
steer any call are not.

This module makes no sound (see `speech`).
"""

import csv
import itertools
import re
import tomllib
from collections import Counter
from pathlib import Path

import jieba

from numbers_spoken import Numbers
from tokens import vocabulary

# Never trained on, by the recogniser or the encoder: businesses of these trades are what the evaluation calls unseen.
HELD_OUT_TRADES = ["航空机票", "物业服务", "证券基金理财", "电力公司", "医院挂号与就诊"]

MANDARIN = re.compile(r"[\u4e00-\u9fffA-Za-z，]+")
ENGLISH = re.compile(r"[A-Za-z' ]+")
COMMAND_KINDS = {"confirm", "choose", "repeat", "transfer", "greet"}


def plain(text):
    """One form for comparing: no marks, no blanks, lower case."""
    return re.sub(r"[^\w\u4e00-\u9fff]", "", text).lower()


def kept_out(root):
    """Every sentence of the sample businesses, the scenarios, the mood test and the held-out English, in plain form."""
    out = set()
    for path in sorted(Path(root, "knowledge").glob("**/*.csv")):
        for row in csv.DictReader(open(path, encoding="utf-8-sig")):
            out.update(plain(text) for text in [row.get("question", ""), *row.get("similar_questions", "").split("|")])
    for path in sorted(Path(root, "tests").glob("**/*.csv")):
        for row in csv.DictReader(open(path, encoding="utf-8-sig")):
            out.update(plain(value) for value in row.values() if isinstance(value, str))
    for path in sorted(Path(root, "tests/scenarios").glob("**/*.y*ml")):
        out.update(plain(text) for text in re.findall(r"[\u4e00-\u9fff][^\n\"']*", path.read_text(encoding="utf8")))
    held_out = Path(root, "scripts/train/text/held_out_english.txt").read_text(encoding="utf8")
    out.update(plain(text) for text in held_out.splitlines())
    return out - {""}


# Other spellings of a murmur that prompts list because recognisers write them. We write one.
VARIANT_SPELLINGS = set("恩额奥噢诶")


def control_words(root):
    """The words that steer every call (是的, 转人工, 再说一遍), as the prompts list them. They are trained whatever scenario says them."""
    understood = tomllib.loads(Path(root, "prompts/zh-CN.toml").read_text(encoding="utf8"))["understood"]
    words = {word for lists in understood.values() for word in lists.get("whole", [])}
    return sorted(word for word in words - VARIANT_SPELLINGS if MANDARIN.fullmatch(word))


def written(folders, without):
    """The written sentences as `(kind, language, text)`, each once, none of `without` and of the held-out trades."""
    seen, out = set(without), []

    def add(kind, text):
        latin = re.search(r"[a-z]{2,} [a-z]|^[A-Za-z' ]+$", text) and not re.search(r"[\u4e00-\u9fff]", text)
        language = "en" if latin else "zh"
        text = re.sub(r"[,.?!-]", " ", text) if latin else re.sub(r"[\s、。？！,.?!]", "", text)
        fits = ENGLISH if latin else MANDARIN
        if plain(text) in seen or not fits.fullmatch(text) or len(text) > (140 if latin else 45):
            return
        seen.add(plain(text))
        out.append((kind, language, " ".join(text.split()).lower() if latin else text))

    for folder in folders:
        for path in sorted(Path(folder).glob("*.tsv")):
            for line in open(path, encoding="utf8"):
                cells = line.rstrip("\n").split("\t")
                if path.name.startswith(("paraphrases", "english")):
                    if cells[0] not in HELD_OUT_TRADES:
                        for text in cells[-1].split("|"):
                            add("sentence", text)
                elif path.name.startswith("mood"):
                    add("sentence", cells[0])
                else:
                    add(cells[0], cells[-1])
    return out


class Words:
    """Random strings of dictionary words, commoner ones more often, so that every common syllable is heard."""

    def __init__(self, rng):
        self.rng = rng
        jieba.setLogLevel(60)
        jieba.initialize()
        known = [(word, count) for word, count in jieba.dt.FREQ.items() if count > 20 and re.fullmatch(r"[\u4e00-\u9fff]{1,4}", word)]
        known.sort(key=lambda pair: (-pair[1], pair[0]))
        self.words = [word for word, _ in known[:60_000]]
        self.weights = list(itertools.accumulate(count**0.45 for _, count in known[:60_000]))

    def string(self, count):
        """`count` words without a gap."""
        return "".join(self.rng.choices(self.words, cum_weights=self.weights, k=count))


class EnglishWords:
    """Random strings of English words, so that a word is not only heard where it was written: those of the sentences, and
    those that have a token of their own in Whisper's vocabulary, which numbers the commoner ones first."""

    COMMON = 22_000

    def __init__(self, rng, sentences, assets):
        self.rng = rng
        counts = Counter(word for sentence in sentences for word in sentence.split())
        self.words = sorted(counts)
        self.weights = list(itertools.accumulate(counts[word] ** 0.5 for word in self.words))
        self.common = [token[1:].decode() for token in vocabulary(assets)[: self.COMMON] if re.fullmatch(rb" [a-z]{3,}", token)]

    def string(self, count):
        """`count` words with a blank between two."""
        chosen = self.rng.choices(self.words, cum_weights=self.weights, k=count)
        return " ".join(word if self.rng.random() < 0.5 else self.rng.choice(self.common) for word in chosen)


def mixture(rng, folders, root, assets, scale=1.0):
    """The list of one round of training, shuffled: `scale` 1.0 is about 190,000 lines."""
    base = written(folders, kept_out(root))
    numbers, words, control = Numbers(rng), Words(rng), control_words(root)
    mandarin = [line for line in base if line[1] == "zh"]
    english = [line for line in base if line[1] == "en"]
    commands = [line for line in mandarin if line[0] in COMMAND_KINDS and len(line[2]) <= 5]
    sentences = [line for line in mandarin if line[0] == "sentence"]
    out = list(mandarin) + list(english)

    def some(count):
        return range(int(count * scale))

    out += [rng.choice(mandarin) for _ in some(14_000)]
    # English is a sixth of the lines: its spelling takes more hearing than its few sentences give.
    out += [rng.choice(english) for _ in some(12_000)]
    foreign = EnglishWords(rng, [line[2] for line in english], assets)
    out += [("words", "en", foreign.string(rng.randint(2, 7))) for _ in some(14_000)]
    out += [rng.choice(commands) for _ in some(7_000)]
    # A call lives on these: unseen voices matter here, unseen words do not exist.
    out += [("control", "zh", rng.choice(control)) for _ in some(7_000)]
    out += [("mobile", "zh", numbers.mobile()) for _ in some(8_000)]
    out += [("number", "zh", numbers.any()) for _ in some(7_000)]
    out += [("code", "zh", numbers.code()) for _ in some(2_500)]
    out += [("words", "zh", words.string(rng.randint(1, 6))) for _ in some(22_000)]
    for _ in some(5_000):
        # A sentence with foreign words around it: what a business we do not know has in its questions.
        pair = [rng.choice(sentences)[2], words.string(rng.randint(1, 2))]
        rng.shuffle(pair)
        out.append(("words", "zh", "".join(pair)))
    for _ in some(4_000):
        # Long turns, with the pause that a caller makes between two thoughts.
        count = rng.choice([2, 2, 3])
        out.append(("long", "zh", "，".join(rng.choice(sentences)[2] for _ in range(count))))
    out += [("nothing", "zh", "") for _ in some(7_000)]
    rng.shuffle(out)
    return out
