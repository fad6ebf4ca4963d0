"""What a recogniser and a caller do to a sentence: wrong homophones, near syllables, lost and doubled words.

Sentences are lists of words (jieba's segmentation, its dictionary MIT); the result is again a text.
"""

import random
import re
from collections import Counter, defaultdict
from pathlib import Path

from data import HANZI, LATIN_WORD, normalise

OPENERS = "嗯 呃 啊 那个 就是 喂 你好 喂你好 请问 请问一下 麻烦问一下 我想问下 哎 诶 那什么 我说 不好意思 师傅 小姐 唉 是这样的 对了".split()
CLOSERS = "啊 呢 吧 呀 嘛 哈 谢谢 你好 行不行 可以吗 对吧 是吧 好吧 哎".split()
INNER = "嗯 呃 那个 就是 这个 啊 然后".split()
ENGLISH_OPENERS = ["um", "uh", "hello", "hi", "excuse me", "so", "well", "yeah", "okay so"]

# Confusions of one syllable part, both ways: (at the start?, one, other). After the retroflex/dental,
# n/l, f/h and nasal-final mergers of Mandarin as spoken in the south.
NEAR_PARTS = [
    (True, "zh", "z"), (True, "ch", "c"), (True, "sh", "s"), (True, "n", "l"), (True, "f", "h"), (True, "r", "l"),
    (False, "an", "ang"), (False, "en", "eng"), (False, "in", "ing"), (False, "uan", "uang"),
    (True, "b", "p"), (True, "d", "t"), (True, "g", "k"), (True, "j", "q"),
]


def near_syllables(syllable: str) -> set[str]:
    """Syllables that differ in one confusion; not all of them exist."""
    near = set()
    for at_start, one, other in NEAR_PARTS:
        for a, b in ((one, other), (other, one)):
            if at_start and syllable.startswith(a) and not (len(a) == 1 and syllable[1:2] == "h"):
                near.add(b + syllable[len(a) :])
            if not at_start and syllable.endswith(a):
                near.add(syllable[: -len(a)] + b)
    return near - {syllable}


class Recogniser:
    """Errors of speech recognition, as random changes of a sentence. `amount` scales all of them."""

    def __init__(self, tokens: list[str], syllable_of_token: list[int], syllables: list[str]):
        frequency = character_frequency()
        self.syllable = {}
        same: dict[str, list[str]] = defaultdict(list)
        for token, syllable in zip(tokens, syllable_of_token):
            if syllable:
                self.syllable[token] = syllables[syllable]
                same[syllables[syllable]].append(token)
        # Weight by the root of the frequency: common characters win, as in a recogniser, but not always.
        self.same = {s: (c, [frequency[x] ** 0.5 + 1 for x in c]) for s, c in same.items()}
        self.near = {s: [n for n in sorted(near_syllables(s)) if n in same] for s in same}

    def misheard(self, character: str) -> str:
        """Another character of the same syllable, or one time in four of a near one."""
        syllable = self.syllable.get(character)
        if syllable is None:
            return character
        if random.random() < 0.25 and self.near[syllable]:
            syllable = random.choice(self.near[syllable])
        candidates, weights = self.same[syllable]
        return random.choices(candidates, weights)[0]

    def __call__(self, words: list[str], amount: float = 1.0) -> str:
        words = list(words)
        english = " " in words
        chance = lambda p: random.random() < p * amount
        if len(words) > 3 and chance(0.1):
            words = words[1:]  # the first word spoken before the recogniser listens
        if len(words) > 3 and chance(0.1):
            words = words[:-1]
        out = []
        for word in words:
            if len(words) > 2 and chance(0.03):
                continue
            if chance(0.02):
                out.append(word)
            if not english and chance(0.02):
                out.append(random.choice(INNER))
            if HANZI.match(word):
                if chance(0.06):  # a word misheard is often wrong as a whole
                    word = "".join(self.misheard(c) for c in word)
                else:
                    word = "".join(self.character(c, chance) for c in word)
            out.append(word)
        if chance(0.2):
            out[:0] = [random.choice(ENGLISH_OPENERS), " "] if english else [random.choice(OPENERS)]
        if not english and chance(0.1):
            out.append(random.choice(CLOSERS))
        return "".join(out)

    def character(self, character: str, chance) -> str:
        if chance(0.02):
            return ""
        if chance(0.02):
            return character * 2
        return self.misheard(character) if chance(0.03) else character


def drop_words(words: list[str], rate: float) -> list[str]:
    """Words without some of them, at least two kept: makes the encoder use every clue of a sentence."""
    kept = [w for w in words if random.random() >= rate]
    return kept if len(kept) >= 2 else words


def dictionary() -> dict[str, int]:
    """The words of jieba's dictionary with their counts."""
    import jieba

    lines = (Path(jieba.__file__).parent / "dict.txt").read_text(encoding="utf-8").splitlines()
    return {word: int(count) for word, count, *_ in (line.split(" ") for line in lines)}


def character_frequency() -> Counter:
    """How often each character occurs in the words of the dictionary, weighted by their counts."""
    frequency: Counter[str] = Counter()
    for word, count in dictionary().items():
        for character in word:
            frequency[character] += count
    return frequency


def dictionary_sentences(number: int) -> list[list[str]]:
    """Rows of three common words, as single characters: they teach which characters make words together."""
    words = [(w, n**0.5) for w, n in dictionary().items() if 2 <= len(w) <= 4 and n >= 20 and HANZI.match(w)]
    chosen = random.choices([w for w, _ in words], [n for _, n in words], k=3 * number)
    return [list("".join(chosen[at : at + 3])) for at in range(0, len(chosen), 3)]


def segment(text: str) -> list[str]:
    """Words of a sentence; English keeps its blanks as words of their own."""
    import logging

    import jieba

    jieba.setLogLevel(logging.WARNING)
    text = normalise(text)
    if not HANZI.search(text):
        return re.findall(r"[a-z]+(?:'[a-z]+)*|[^a-z]", text)
    words = []
    for piece in re.split(f"({LATIN_WORD.pattern})", text):
        if LATIN_WORD.fullmatch(piece):
            words.append(piece)
        else:
            words += [w for w in jieba.lcut(piece) if not w.isspace()]
    return words
