"""Whisper's log-mel features, as whisper.cpp computes them: 80 bins, 25 ms windows every 10 ms, 16 kHz."""

import numpy as np
import torch

WINDOW, HOP, BINS = 400, 160, 80


class LogMel:
    """Turns samples into features. `filters` is the `mel_80` array (80, 201) of OpenAI's `mel_filters.npz`."""

    def __init__(self, path):
        self.filters = torch.tensor(np.load(path)["mel_80"])
        self.window = torch.hann_window(WINDOW)

    def __call__(self, samples):
        """(frames, 80) in float16 from 16 kHz float samples, scaled as Whisper wants them."""
        count = len(samples) // HOP * HOP
        padded = torch.nn.functional.pad(torch.from_numpy(samples[:count]), (0, WINDOW + 80))
        spectrum = torch.stft(padded, WINDOW, HOP, window=self.window, return_complex=True)
        power = spectrum[..., : count // HOP].abs() ** 2
        mel = torch.clamp(self.filters @ power, min=1e-10).log10()
        mel = torch.maximum(mel, mel.max() - 8.0)
        return ((mel + 4) / 4).half().numpy().T


def padding(loudest):
    """What whisper.cpp's silence after an utterance becomes in these features, from the utterance's greatest one."""
    return loudest - 2.0
