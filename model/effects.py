# SPDX-License-Identifier: MIT
"""The catalogue of distortions, and how a chain of them is played, oversampled.

Depends on `waveshapers` and `circuits`, which hold the functions. An effect is a function `(x, rate, drive, tone) -> y`
at the oversampled rate on x (..., samples): bounded to [-1, 1] for x in [-1, 1], zero for silence. All have `drive` in
0..1, which adds harmonics; `tone` in 0..1 matters where a tone stage exists.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import numpy as np
from scipy import signal

from model import circuits, waveshapers

# Rings of the band-limiting filter overshoot a clipped edge by about 9 %; the level keeps that below full scale.
OUTPUT_LEVEL = 0.8
# Of the band-limiting filter, in samples of the audio's rate on each side, with a Kaiser window. At 48 kHz it passes
# 20 kHz within 0.01 dB, and from 28 kHz on images and aliases are at least 80 dB down.
FILTER_REACH, FILTER_BETA = 16, 8.0

EffectFunction = Callable[[np.ndarray, int, float, float], np.ndarray]
Family = Literal["soft", "hard", "asymmetric", "fuzz", "fold", "rectify", "digital", "tape", "amp"]


@dataclass(frozen=True)
class Effect:
    """One kind of distortion."""

    function: EffectFunction
    family: Family
    source: str  # where its shape or circuit comes from
    has_tone: bool = False


EFFECTS: dict[str, Effect] = {
    "soft_clip": Effect(waveshapers.soft_clip, "soft", "Zölzer (ed.), DAFX, 2nd ed. 2011, section 4.3"),
    "hard_clip": Effect(waveshapers.hard_clip, "hard", "Zölzer (ed.), DAFX, 2nd ed. 2011, section 4.3"),
    "asymmetric": Effect(waveshapers.asymmetric, "asymmetric", "Pakarinen and Yeh, CMJ 33(2), 2009: tube waveshaping"),
    "fuzz": Effect(waveshapers.fuzz, "fuzz", "Zölzer (ed.), DAFX, 2nd ed. 2011, section 4.3: exponential fuzz"),
    "wavefolder": Effect(waveshapers.wavefolder, "fold", "Le Brun, JAES 27(4), 1979: sine as transfer function"),
    "screamer": Effect(circuits.screamer, "soft", "Keen, The Technology of the Tube Screamer, 1998", True),
    "triode": Effect(waveshapers.triode, "asymmetric", "Koren, Glass Audio 8(5), 1996: 12AX7 on its load line"),
    "diode_clipper": Effect(
        circuits.diode_clipper, "soft", "Yeh, Abel and Smith, DAFx-07: diode clipper as an ODE", True
    ),
    "rat": Effect(circuits.rat, "hard", "ProCo Rat's schematic: LM308, 560 and 47 ohm legs, 1N914 to ground", True),
    "big_muff": Effect(circuits.big_muff, "fuzz", "Electro-Harmonix Big Muff Pi's schematic, simplified", True),
    "starved_fuzz": Effect(
        circuits.starved_fuzz, "fuzz", "common-emitter stage with base rectification; our reduction", True
    ),
    "buchla_folder": Effect(
        waveshapers.buchla_folder, "fold", "Esqueda, Pöntynen, Parker and Bilbao, DAFx-17: Buchla 259"
    ),
    "chebyshev": Effect(waveshapers.chebyshev, "fold", "Le Brun, JAES 27(4), 1979; Arfib, JAES 27(10), 1979"),
    "crossover": Effect(waveshapers.crossover, "hard", "Self, Audio Power Amplifier Design: class B without bias"),
    "half_wave": Effect(waveshapers.half_wave, "rectify", "Zölzer (ed.), DAFX, 2nd ed. 2011, section 4.3"),
    "full_wave": Effect(waveshapers.full_wave, "rectify", "Zölzer (ed.), DAFX, 2nd ed. 2011, section 4.3: octaver"),
    "bit_reduction": Effect(
        waveshapers.bit_reduction, "digital", "uniform mid-tread quantiser: Widrow and Kollar, 2008"
    ),
    "rate_reduction": Effect(circuits.rate_reduction, "digital", "sample and hold without filters"),
    "tape": Effect(circuits.tape, "tape", "play operators: Visintin, Differential Models of Hysteresis, 1994", True),
    "amplifier": Effect(circuits.amplifier, "amp", "Pakarinen and Yeh, CMJ 33(2), 2009: filter, stage, filter", True),
}


@dataclass(frozen=True)
class EffectSetting:
    """One effect of EFFECTS with its knobs, each 0..1."""

    name: str
    drive: float
    tone: float = 0.5


@lru_cache
def band_limit(oversampling: int) -> np.ndarray:
    """Taps of the linear-phase low-pass at half the audio's rate, for the oversampled rate; their sum is 1."""
    return signal.firwin(2 * FILTER_REACH * oversampling + 1, 1 / oversampling, window=("kaiser", FILTER_BETA))


def render_chain(dry: np.ndarray, chain: Sequence[EffectSetting], sample_rate: int, oversampling: int) -> np.ndarray:
    """Plays dry audio (..., samples) in [-1, 1] through the effects in order; same shape, no delay.

    Raises KeyError for an unknown effect and ValueError for a knob outside 0..1. The band-limiting filters are
    linear phase; at an oversampling of 1 there are none.
    """
    for setting in chain:
        if not (0 <= setting.drive <= 1 and 0 <= setting.tone <= 1):
            raise ValueError(f"{setting.name}: drive {setting.drive} and tone {setting.tone} must be in 0..1")
    sound = np.asarray(dry, np.float64)
    if oversampling > 1:
        sound = signal.resample_poly(sound, oversampling, 1, axis=-1, window=band_limit(oversampling))
    for setting in chain:
        sound = EFFECTS[setting.name].function(sound, sample_rate * oversampling, setting.drive, setting.tone)
    if oversampling > 1:
        sound = signal.resample_poly(sound, 1, oversampling, axis=-1, window=band_limit(oversampling))
    return np.clip(OUTPUT_LEVEL * sound, -1.0, 1.0)
