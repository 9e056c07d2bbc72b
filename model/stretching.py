# SPDX-License-Identifier: MIT
"""Plays sounds longer or shorter at the same pitch, or higher and shorter, to get more out of few recordings.

Depends on NumPy and SciPy. Knows nothing of files or levels.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from scipy import signal

FRAME = 2048  # samples: 43 ms at 48 kHz, nearly two periods of the lowest notes
HOP = FRAME // 2
SEARCH = 600  # samples either way: half a period of 40 Hz at 48 kHz


def stretch(sound: np.ndarray, factor: float) -> np.ndarray:
    """A sound (samples,) made `factor` times as long at the same pitch; itself at a factor of 1.

    Overlaps frames, each taken where it best continues the one before: Verhelst and Roelands, "An overlap-add technique
    based on waveform similarity", ICASSP 1993.
    """
    if factor == 1:
        return sound
    length = round(len(sound) * factor)
    padded = np.pad(sound, (SEARCH, FRAME + HOP + SEARCH))
    window = signal.windows.hann(FRAME, sym=False)  # halves that overlap add up to one
    stretched = np.zeros(length + FRAME + HOP)
    stretched[:HOP] = (1 - window[:HOP]) * padded[SEARCH : SEARCH + HOP]  # the first frame does not fade in
    start = SEARCH
    for first in range(0, length, HOP):
        if first:
            wanted = min(round(first / factor), len(sound))
            nearby = padded[wanted : wanted + 2 * SEARCH + HOP]
            start = wanted + _best_match(padded[start + HOP : start + 2 * HOP], nearby)
        stretched[first : first + FRAME] += window * padded[start : start + FRAME]
    return stretched[:length]


def _best_match(part: np.ndarray, sound: np.ndarray) -> int:
    """Where in the sound the part fits best, by normalised correlation."""
    energy = np.convolve(sound**2, np.ones(len(part)), "valid")
    return int(np.argmax(signal.correlate(sound, part, "valid") / np.sqrt(energy + 1e-9)))


def transpose(sound: np.ndarray, interval: Fraction) -> np.ndarray:
    """A sound (samples,) with its pitch times `interval`, and shorter by as much, as a faster tape."""
    return signal.resample_poly(sound, interval.denominator, interval.numerator)
