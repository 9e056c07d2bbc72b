# SPDX-License-Identifier: MIT
"""Distortions as functions of named parameters, oversampled, and chains of them.

Depends on NumPy and SciPy. An effect is a function `(x, rate, drive, tone) -> y` at the oversampled rate: bounded to
[-1, 1] for x in [-1, 1], zero for silence. All have `drive` in 0..1; `tone` in 0..1 matters where a tone stage exists.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import signal

# Rings of the band-limiting filter overshoot a clipped edge by about 9 %; the level keeps that below full scale.
OUTPUT_LEVEL = 0.8


def _gain(drive: float, low_db: float, high_db: float) -> float:
    return float(10 ** ((low_db + drive * (high_db - low_db)) / 20))


def _one_pole(x: np.ndarray, rate: int, cutoff_hz: float) -> np.ndarray:
    coefficient = float(np.exp(-2 * np.pi * cutoff_hz / rate))
    return signal.lfilter([1 - coefficient], [1, -coefficient], x)


def soft_clip(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """tanh, 0 to 30 dB of gain: a saturating amplifier."""
    gain = _gain(drive, 0, 30)
    return np.tanh(gain * x) / np.tanh(gain)


def hard_clip(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """A limit on each side, 0 to 30 dB of gain: an op-amp at its rails."""
    return np.clip(_gain(drive, 0, 30) * x, -1.0, 1.0)


def asymmetric(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """tanh around a bias that grows with drive: the even harmonics of a single-ended tube stage."""
    gain, bias = _gain(drive, 0, 26), 0.2 + 0.6 * drive
    return (np.tanh(gain * x + bias) - np.tanh(bias)) / (1 + np.tanh(bias))


def fuzz(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """Exponential saturation after 12 to 36 dB, the lower half smaller, quiet parts choked: a starved two-transistor
    fuzz.
    """
    choked = x * np.abs(x) / (np.abs(x) + 0.01)
    saturated = 1 - np.exp(-_gain(drive, 12, 36) * np.abs(choked))
    return np.where(x >= 0, saturated, -0.7 * saturated)


def wavefolder(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """Sine folding, up to two and a half folds a side: the west-coast wavefolder."""
    return np.sin(0.5 * np.pi * (1 + 4 * drive) * x)


def screamer(x: np.ndarray, rate: int, drive: float, tone: float) -> np.ndarray:
    """The Tube Screamer's plan: clip what lies above 720 Hz, add the clean signal, low-pass with the tone knob.

    Corner frequencies as derived by R. G. Keen, "The Technology of the Tube Screamer" (1998).
    """
    upper = x - _one_pole(x, rate, 720.0)
    clipped = np.tanh(_gain(drive, 3, 28) * upper)
    return _one_pole(0.6 * clipped + 0.4 * x, rate, 723.0 * 2.0 ** (3.0 * tone))


EffectFunction = Callable[[np.ndarray, int, float, float], np.ndarray]

EFFECTS: dict[str, EffectFunction] = {
    "soft_clip": soft_clip,
    "hard_clip": hard_clip,
    "asymmetric": asymmetric,
    "fuzz": fuzz,
    "wavefolder": wavefolder,
    "screamer": screamer,
}


@dataclass(frozen=True)
class EffectSetting:
    """One effect of EFFECTS with its knobs, each 0..1."""

    name: str
    drive: float
    tone: float = 0.5

    @staticmethod
    def draw(rng: np.random.Generator) -> EffectSetting:
        """Any effect at any drive; tone stays at noon, since a 2-D map has room for drive and character only."""
        return EffectSetting(str(rng.choice(list(EFFECTS))), float(rng.uniform()))


def render_chain(dry: np.ndarray, chain: Sequence[EffectSetting], sample_rate: int, oversampling: int) -> np.ndarray:
    """Plays dry audio (samples,) in [-1, 1] through the effects in order; same length, no delay.

    Raises KeyError for an unknown effect and ValueError for a knob outside 0..1. The band-limiting filters are
    linear phase.
    """
    for setting in chain:
        if not (0 <= setting.drive <= 1 and 0 <= setting.tone <= 1):
            raise ValueError(f"{setting.name}: drive {setting.drive} and tone {setting.tone} must be in 0..1")
    sound = signal.resample_poly(dry, oversampling, 1)
    for setting in chain:
        sound = EFFECTS[setting.name](sound, sample_rate * oversampling, setting.drive, setting.tone)
    wet = OUTPUT_LEVEL * signal.resample_poly(sound, 1, oversampling)
    return np.clip(wet[: len(dry)], -1.0, 1.0)
