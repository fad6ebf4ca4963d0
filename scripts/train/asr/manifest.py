"""Makes the evaluation of the recogniser: voices and sentences that training never has, through the simulated line.

Writes WAV files (16 kHz, mono, 16 bit) and `manifest.tsv` (`path, set, language, text`) for `yingda eval asr`, and the same as
features for a glance during training. Sets:

- `domain`: every question of the sample businesses; `domain-noisy` the same at 15 dB SNR and 3 % packet loss
- `trades`: sentences of whole trades that were kept out
- `words`: strings of random dictionary words; `mobile`: 11-digit numbers; `commands`: one to three syllables
- `nothing`: noise, music, tones and silence; `english`: held-out English questions
"""

import argparse
import csv
import json
import random
import wave
from pathlib import Path

import numpy as np
import torch

import line
import speech
from features import LogMel
from make import entry, text_of
from numbers_spoken import Numbers
from sentences import HELD_OUT_TRADES, Words

COMMANDS = (
    "是的 不是 对 好的 不用 不用了 可以 不可以 不行 没有 有 人工 转人工 再见 谢谢 等一下 第一个 第二个 第三个 不对 嗯 没问题 听不见 "
    "再说 投诉 维修 退货 退款 安装 查询 上海 北京 确认 取消 返回 重复 是 行 没了 知道了 好 不 不要 需要 不需要 大声点 慢一点 没听清 "
    "你好 喂 没事 没错 都行 随便 报修 换货 发票 地址 订单"
).split()


def questions(root):
    """Every question of the sample businesses, without marks."""
    out = []
    for path in sorted(Path(root, "knowledge").glob("*.csv")):
        for row in csv.DictReader(open(path, encoding="utf-8-sig")):
            for text in [row["question"], *row["similar_questions"].split("|")]:
                text = "".join(c for c in text if "\u4e00" <= c <= "\u9fff")
                if len(text) > 1:
                    out.append(text)
    return list(dict.fromkeys(out))


def trades(folders):
    """The sentences of the trades that were kept out."""
    out = []
    for folder in folders:
        for path in sorted(Path(folder).glob("paraphrases*.tsv")):
            for row in open(path, encoding="utf8"):
                cells = row.rstrip("\n").split("\t")
                if cells[0] in HELD_OUT_TRADES:
                    out += [text for text in cells[2].split("|") if not any(c.isascii() for c in text)]
    return out


def sets(rng, root, folders):
    """`(set, language, spoken, conditions)`, in order."""
    numbers, words, domain = Numbers(rng), Words(rng), questions(root)
    for text in domain:
        yield "domain", "zh", text, {}
    for text in domain:
        yield "domain-noisy", "zh", text, {"snr": 15, "loss": 0.03}
    for text in rng.sample(trades(folders), 200):
        yield "trades", "zh", text, {}
    for _ in range(120):
        yield "words", "zh", words.string(rng.randint(2, 5)), {}
    for _ in range(200):
        yield "mobile", "zh", "幺" + rng.choice("三五七八九") + numbers.digits(9), {}
    for text in COMMANDS * 4:
        yield "commands", "zh", text, {}
    for _ in range(300):
        yield "nothing", "zh", "", {}
    english = Path(folders[0], "held_out_english.txt")
    for text in english.read_text(encoding="utf8").splitlines() if english.exists() else []:
        yield "english", "en", text, {}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", default=".")
    parser.add_argument("--text", action="append", required=True)
    parser.add_argument("--assets", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--seed", type=int, default=99)
    options = parser.parse_args()

    torch.set_num_threads(1)
    rng, generator = random.Random(options.seed), np.random.default_rng(options.seed)
    out = Path(options.out)
    (out / "wav").mkdir(parents=True, exist_ok=True)
    log_mel = LogMel(Path(options.assets, "mel_filters.npz"))
    babble = [speech.speak(text, "zh", speech.voices(rng, held_out=True)) for text in questions(options.root)[:24]]
    rows, frames, index = [], [], []
    for number, (kind, language, spoken, conditions) in enumerate(sets(rng, options.root, options.text)):
        if kind == "nothing":
            samples = line.nothing(rng, generator, rng.uniform(0.5, 8), babble)
        else:
            clean = speech.speak(spoken, language, speech.voices(rng, held_out=True))
            conditions = conditions or {"snr": rng.choice([20, 25, 30, 35, 40]), "loss": rng.choice([0, 0, 0.01])}
            samples = line.through(rng, generator, clean, babble, level=rng.uniform(-18, -2), **conditions)
        path = out / "wav" / f"{kind}_{number:04}.wav"
        with wave.open(str(path), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16_000)
            file.writeframes((np.clip(samples, -1, 1) * 32_767).astype("<i2").tobytes())
        rows.append(f"wav/{path.name}\t{kind}\t{language}\t{text_of(spoken)}\n")
        features = log_mel(samples)
        frames.append(features)
        index.append(entry(features, kind, language, spoken))
    (out / "manifest.tsv").write_text("path\tset\tlanguage\ttext\n" + "".join(rows), encoding="utf8")
    parts = out / "parts"
    parts.mkdir(exist_ok=True)
    np.save(parts / "held_out.npy", np.concatenate(frames))
    (parts / "held_out.json").write_text(json.dumps(index, ensure_ascii=False))
    print(f"{len(rows)} utterances in {out}")


if __name__ == "__main__":
    main()
