"""A simulated telephone line: what happens to 8 kHz speech between a caller's mouth and the recogniser.

Band-pass, level, noise (white, coloured, hum, babble), clipping, G.711 A-law or mu-law in 20 ms frames, lost frames with the
concealment of `src/media/concealment.rs`, and up to 16 kHz.

This module does not speak (see `speech`) and makes no features (see `features`).
"""

import numpy as np
from scipy.signal import butter, lfilter, resample_poly

RATE = 8_000
FRAME = 160
"""Samples of a 20 ms frame."""

# As in src/media/concealment.rs, after ITU-T G.711 Appendix I.
SHORTEST_PITCH, LONGEST_PITCH, WINDOW = 40, 120, 160
HISTORY = LONGEST_PITCH * 2 + WINDOW
FULL, FADE, BLEND = 80, 400, 40


def a_law(samples):
    """Through ITU-T G.711 A-law and back; float, full scale 1.0."""
    a = 87.6
    magnitude = np.abs(np.clip(samples, -1, 1))
    curve = np.where(magnitude < 1 / a, a * magnitude, 1 + np.log(np.maximum(a * magnitude, 1e-9))) / (1 + np.log(a))
    curve = np.round(curve * 127) / 127
    back = np.where(curve < 1 / (1 + np.log(a)), curve * (1 + np.log(a)) / a, np.exp(curve * (1 + np.log(a)) - 1) / a)
    return np.sign(samples) * back


def mu_law(samples):
    """Through ITU-T G.711 mu-law and back; float, full scale 1.0."""
    mu = 255.0
    clipped = np.clip(samples, -1, 1)
    curve = np.round(np.log1p(mu * np.abs(clipped)) / np.log1p(mu) * 127) / 127
    return np.sign(clipped) * np.expm1(curve * np.log1p(mu)) / mu


def conceal(samples, lost):
    """`samples` with the frames numbered in `lost` made up: the last pitch period again, fading out in 60 ms."""
    out = np.concatenate([np.zeros(HISTORY), samples])
    made_up, period, step = 0, None, 0.0
    frames = len(samples) // FRAME
    for frame in range(frames):
        start = HISTORY + frame * FRAME
        if frame in lost:
            if made_up == 0:
                period, step = _period(out[start - HISTORY : start])
            out[start : start + FRAME] = _made_up(period, step, made_up, FRAME)
            made_up += FRAME
        elif made_up:
            share = (np.arange(BLEND) + 1) / (BLEND + 1)
            blended = _made_up(period, step, made_up, BLEND)
            out[start : start + BLEND] = out[start : start + BLEND] * share + blended * (1 - share)
            made_up = 0
    return out[HISTORY:]


def _period(history):
    end = history[HISTORY - WINDOW :]
    best, pitch = -np.inf, SHORTEST_PITCH
    for lag in range(SHORTEST_PITCH, LONGEST_PITCH + 1):
        before = history[HISTORY - WINDOW - lag : HISTORY - lag]
        likeness = (end @ before) / np.sqrt(before @ before + 1e-9)
        if likeness > best:
            best, pitch = likeness, lag
    own = history[HISTORY - pitch :]
    earlier = history[HISTORY - 2 * pitch : HISTORY - pitch]
    seam = pitch - pitch // 4
    share = np.maximum(np.arange(pitch) - seam, 0) / (pitch - seam)
    step = history[-1] - history[HISTORY - pitch - 1]
    return own * (1 - share) + earlier * share, step


def _made_up(period, step, already, count):
    at = already + np.arange(count)
    gain = 1 - np.minimum(np.maximum(at - FULL, 0) / FADE, 1)
    seam = 1 - np.minimum(at / BLEND, 1)
    return period[at % len(period)] * gain + step * seam


def lost_frames(rng, frames, rate):
    """Frames that are lost, in bursts of 1.5 on average (a Gilbert channel), `rate` of all."""
    lost, bad = set(), False
    for frame in range(frames):
        bad = rng.random() < (1 / 3 if bad else rate / 1.5)
        if bad:
            lost.add(frame)
    return lost


def noise(rng, generator, count, babble):
    """Noise of level 1.0 (RMS): white, pink or red, mains hum, or the babble of several speakers."""
    kind = rng.choice(["white", "pink", "red", "hum", "babble"]) if babble else rng.choice(["white", "pink", "red"])
    if kind == "babble":
        mixed = np.zeros(count)
        for _ in range(rng.randint(3, 6)):
            voice = rng.choice(babble)
            repeated = np.tile(voice, count // len(voice) + 2)
            start = rng.randint(0, len(voice) - 1)
            mixed += repeated[start : start + count]
        signal = mixed
    elif kind == "hum":
        time = np.arange(count) / RATE
        signal = sum(rng.uniform(0.2, 1) * np.sin(2 * np.pi * 50 * k * time + rng.uniform(0, 6)) for k in range(1, 12))
        signal = signal + generator.standard_normal(count) * 0.7
    else:
        signal = generator.standard_normal(count)
        if kind != "white":
            signal = lfilter([1], [1, -0.95 if kind == "red" else -0.7], signal)
    return signal / (np.std(signal) + 1e-9)


def through(rng, generator, speech, babble, *, snr=None, loss=None, level=None):
    """`speech` (8 kHz, float) as it arrives at 16 kHz, float, full scale 1.0. `snr` in dB, `loss` as a share, `level` as the
    peak in dBFS; each is drawn when it is not given. With silence before and after, as an endpointer cuts it."""
    low, high = rng.choice([100, 200, 300]), rng.choice([3_300, 3_400, 3_600])
    b, a = butter(2, [low / (RATE / 2), high / (RATE / 2)], "band")
    speech = lfilter(b, a, speech)
    peak = rng.uniform(-28, -1) if level is None else level
    speech = speech / (np.abs(speech).max() + 1e-6) * 10 ** (peak / 20)
    before, after = int(RATE * rng.uniform(0, 0.35)), int(RATE * rng.uniform(0.05, 0.6))
    energy = np.sqrt((speech**2).mean() + 1e-12)
    line = np.concatenate([np.zeros(before), speech, np.zeros(after)])
    if snr is None:
        snr = rng.choice([None, 45, 40, 35, 30, 25, 20, 15, 12])
    if snr is not None:
        line = line + noise(rng, generator, len(line), babble) * energy * 10 ** (-snr / 20)
    return digital(rng, line, loss)


def digital(rng, line, loss=None):
    """`line` (8 kHz) through clipping, G.711 and lost frames, then at 16 kHz."""
    if rng.random() < 0.06:
        line = line * rng.uniform(1.5, 4)
    line = np.clip(line, -1, 1)
    line = mu_law(line) if rng.random() < 0.25 else a_law(line)
    if loss is None:
        loss = rng.choice([0, 0, 0, 0.01, 0.02, 0.05])
    if loss:
        line = conceal(line, lost_frames(rng, len(line) // FRAME, loss))
    return resample_poly(line, 2, 1).astype(np.float32)


def nothing(rng, generator, seconds, babble):
    """A line on which nobody speaks to us: silence, noise, distant babble, hold music, tones. 16 kHz."""
    count = int(RATE * seconds)
    time = np.arange(count) / RATE
    kind = rng.choice(["silence", "noise", "noise", "bursts", "music", "music", "tone"])
    level = 10 ** (rng.uniform(-50, -12) / 20)
    if kind == "silence":
        signal = generator.standard_normal(count) * 10 ** (rng.uniform(-90, -60) / 20)
    elif kind == "noise":
        signal = noise(rng, generator, count, None) * level * 0.4
    elif kind == "bursts":
        # Knocks, clicks, breath on the microphone: short noise with a quick decay.
        signal = generator.standard_normal(count) * 10 ** (rng.uniform(-75, -45) / 20)
        for _ in range(rng.randint(1, 6)):
            at, length = rng.randint(0, count - 1), rng.randint(80, 2_400)
            length = min(length, count - at)
            burst = generator.standard_normal(length) * np.exp(-np.arange(length) / (length / rng.uniform(2, 6)))
            signal[at : at + length] += lfilter([1], [1, -rng.uniform(0, 0.95)], burst) * level
    elif kind == "tone":
        # Dial, ring-back and busy tones are 450 Hz in China (GB/T 3380); keys are two tones at once.
        tones = [450.0] if rng.random() < 0.6 else [rng.choice([697, 770, 852, 941]), rng.choice([1_209, 1_336, 1_477])]
        on = ((time + rng.uniform(0, 2)) % rng.choice([0.7, 5.0, 1e9])) < rng.choice([0.35, 1.0])
        signal = sum(np.sin(2 * np.pi * tone * time) for tone in tones) * on * level
    else:
        signal = music(rng, time) * level
    return digital(rng, np.asarray(signal))


def music(rng, time):
    """Chords and a melody with harmonics, at a tempo; level about 1.0."""
    beat = rng.uniform(0.15, 0.6)
    root = rng.uniform(110, 330)
    scale = rng.choice([[0, 2, 4, 7, 9], [0, 2, 4, 5, 7, 9, 11], [0, 3, 5, 7, 10]])
    signal = np.zeros_like(time)
    for start in np.arange(0, time[-1] if len(time) else 0, beat):
        voices = [rng.choice(scale) + 12 * rng.randint(0, 2) for _ in range(rng.randint(1, 4))]
        inside = (time >= start) & (time < start + beat * rng.choice([1, 1, 2]))
        local = time[inside] - start
        envelope = np.exp(-local * rng.uniform(0.5, 6))
        for note in voices:
            pitch = root * 2 ** (note / 12)
            for harmonic in range(1, rng.randint(2, 6)):
                signal[inside] += np.sin(2 * np.pi * pitch * harmonic * local) * envelope / harmonic
    return signal / (np.abs(signal).max() + 1e-9)
