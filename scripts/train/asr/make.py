"""Makes training data: sentences through voices and telephone lines to features, in numbered parts.

A part is `NAME.npy` (all frames, 80 wide, float16) and `NAME.json` (`[[frames, kind, language, text, sounds], ...]`). Every
part has its own seed, so that parts can be made side by side and again.
"""

import argparse
import json
import os
import random
import sys
from pathlib import Path

import numpy as np
import torch

import line
import speech
from features import LogMel
from sentences import mixture
from tokens import sounds

LONGEST = 15.0
"""Seconds of the longest utterance that is kept."""


def text_of(spoken):
    """What is to be written for it: pauses are not."""
    return spoken.replace("，", "")


def entry(features, kind, language, spoken):
    """What a part's index says of one utterance."""
    written = text_of(spoken)
    return [len(features), kind, language, written, sounds(written)]


def utterance(rng, generator, babble, language, spoken):
    """One line as samples at 16 kHz, or None when espeak-ng says nothing."""
    clean = speech.speak(spoken, language, speech.voices(rng, held_out=False))
    if len(clean) < 800:
        return None
    babble.append(clean)
    del babble[:-48]
    return line.through(rng, generator, clean, babble if len(babble) > 8 else [])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--text", action="append", required=True, help="folder with the written sentences; can be repeated")
    parser.add_argument("--root", default=".", help="the repository, whose sample businesses are kept out")
    parser.add_argument("--assets", required=True, help="folder with mel_filters.npz")
    parser.add_argument("--out", required=True, help="folder for the parts")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--parts", type=int, default=12)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--only", type=int, nargs="*", help="make these parts only (0-based)")
    options = parser.parse_args()

    torch.set_num_threads(1)
    lines = mixture(random.Random(options.seed), options.text, options.root, options.assets, options.scale)
    print(f"{len(lines)} lines, {len({text for _, _, text in lines})} distinct", flush=True)
    log_mel = LogMel(Path(options.assets, "mel_filters.npz"))
    os.makedirs(options.out, exist_ok=True)
    for part in options.only if options.only is not None else range(options.parts):
        name = Path(options.out, f"{options.seed:02}_{part:03}")
        if name.with_suffix(".json").exists():
            continue
        rng = random.Random(options.seed * 10_000 + part)
        generator = np.random.default_rng(options.seed * 10_000 + part)
        frames, index, babble = [], [], []
        for kind, language, spoken in lines[part :: options.parts]:
            if kind == "nothing":
                samples = line.nothing(rng, generator, rng.uniform(0.3, 8), babble)
            else:
                samples = utterance(rng, generator, babble, language, spoken)
            if samples is None or len(samples) > LONGEST * 16_000:
                continue
            features = log_mel(samples)
            frames.append(features)
            index.append(entry(features, kind, language, spoken))
        np.save(name.with_suffix(".npy"), np.concatenate(frames))
        # Its name appears when it is whole: training may be waiting for it.
        unfinished = name.with_suffix(".unfinished")
        unfinished.write_text(json.dumps(index, ensure_ascii=False))
        unfinished.replace(name.with_suffix(".json"))
        hours = sum(entry[0] for entry in index) / 360_000
        print(f"part {part}: {len(index)} utterances, {hours:.1f} h", flush=True)


if __name__ == "__main__":
    sys.exit(main())
