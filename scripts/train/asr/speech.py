"""Text to clean 8 kHz speech, by espeak-ng as a child process.

Mandarin goes in as toned pinyin (`yin2 hang2`, neutral tone as 5), because espeak-ng's own reading of hanzi spells the tone
digits in English. Runs of Latin letters inside it are spoken by an English voice of the same variant.

This module does not know the telephone line (see `line`) and does not choose what is said (see `sentences`).
"""

import re
import subprocess

import numpy as np
from pypinyin import Style, lazy_pinyin
from scipy.signal import resample_poly

RATE = 8_000
"""Hz of everything that leaves this module."""

# espeak-ng voice variants. Those of the evaluation are never heard in training.
TRAINING_VARIANTS = (
    "m1 m2 m3 m4 m6 m7 m8 f1 f3 f4 f5 adam Alex Andy Annie anika antonio belinda benjamin boris caleb david ed edward Gene Gene2 "
    "iven iven2 iven3 john linda max michel miguel Mike norbert pablo paul pedro quincy rob robert steph steph2 travis victor zac "
    "Mario Marco Michael Lee Hugo Henrique Diogo Alicia Andrea klatt klatt2 klatt4 marcelo shelby kaukovalta"
).split()
HELD_OUT_VARIANTS = "m5 f2 steph3 iven4 Denis Jacky klatt3 sandro".split()
ENGLISH_VOICES = ["en-us", "en-us", "en-gb", "en-gb-x-rp", "en-gb-scotland", "en-029", "en-gb-x-gbclan", "en-gb-x-gbcwmd"]

MANDARIN = "cmn-latn-pinyin"
LATIN_RUN = re.compile(r"[A-Za-z]+(?:[' ]?[A-Za-z]+)*")


def voices(rng, held_out):
    """One speaker: variant, speed in words a minute, pitch 0 to 99, gap between words in units of 10 ms."""
    variant = rng.choice(HELD_OUT_VARIANTS if held_out else TRAINING_VARIANTS)
    return {
        "variant": variant,
        "english": rng.choice(ENGLISH_VOICES),
        "speed": rng.randint(150, 260) if held_out else rng.randint(140, 300),
        "pitch": rng.randint(30, 70) if held_out else rng.randint(20, 80),
        "gap": 0 if held_out else rng.choice([0, 0, 0, 0, 1, 2]),
    }


def pinyin(hanzi):
    """Toned syllables, with the sandhi of 一, 不 and third tones; `，` becomes a pause."""
    return " ".join(lazy_pinyin(hanzi, style=Style.TONE3, tone_sandhi=True, neutral_tone_with_five=True)).replace("，", ",")


def speak(text, language, speaker):
    """The samples (float, full scale 1.0, 8 kHz) of `text` in `language` (`zh` or `en`)."""
    if language == "en":
        return _espeak(text, speaker["english"], speaker)
    parts = []
    at = 0
    for run in LATIN_RUN.finditer(text):
        parts.append((text[at : run.start()], MANDARIN))
        parts.append((run.group(), speaker["english"]))
        at = run.end()
    parts.append((text[at:], MANDARIN))
    spoken = []
    for part, voice in parts:
        part = part.strip()
        if not part:
            continue
        if voice == MANDARIN:
            spoken.append(_espeak(pinyin(part), voice, speaker))
        else:
            spoken.append(_espeak(spelt(part), voice, speaker))
    if len(spoken) > 1:
        # espeak-ng ends each piece with a pause; within a sentence there is none.
        spoken = [_trimmed(piece) for piece in spoken]
    return np.concatenate(spoken) if spoken else np.zeros(0, np.float32)


def spelt(latin):
    """Capitals are letters that are spelt (APP, VIP, A); anything else is a word (iPhone, WiFi)."""
    return " ".join(" ".join(word) if word.isupper() and len(word) <= 5 else word for word in latin.split())


def _espeak(text, voice, speaker):
    command = ["espeak-ng", "-v", f"{voice}+{speaker['variant']}", "-s", str(speaker["speed"]), "-p", str(speaker["pitch"])]
    command += ["-g", str(speaker["gap"]), "--stdout"]
    wave = subprocess.run(command, input=text.encode(), capture_output=True, check=True).stdout
    # A WAV header of 44 bytes, then 22,050 Hz mono.
    samples = np.frombuffer(wave[44 : 44 + (len(wave) - 44) // 2 * 2], dtype="<i2").astype(np.float32) / 32_768
    return resample_poly(samples, 160, 441).astype(np.float32) if len(samples) else samples


def _trimmed(samples, floor=0.003):
    loud = np.flatnonzero(np.abs(samples) > floor)
    return samples[loud[0] : loud[-1] + 1] if len(loud) else samples
