# SPDX-License-Identifier: MIT
"""What a distortion measurably does: harmonic distortion, balance of odd and even, brightness, crest factor, DC.

Depends on NumPy only. It asks for nothing but a function from dry to wet audio at 48 kHz, so effects, plug-ins and
decoders are measured alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

RATE = 48_000
PITCH_HZ = 220.0
SETTLE_SAMPLES = 4_800  # 0.1 s: longer than any decoder's or circuit's memory
MEASURED_SAMPLES = 9_600  # 44 periods of 220 Hz exactly, so that no window is needed
FUNDAMENTAL = round(PITCH_HZ * MEASURED_SAMPLES / RATE)
QUIETEST = 1e-6  # -120 dB: below this there is nothing to measure

Render = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Attributes:
    """Of one render function, at one level."""

    distortion: float  # 0..1: the share of the wet sine's RMS that is not its fundamental (noise included, DC not)
    distortion_db: float  # the same in dB, -120..0
    odd_share: float  # 0..1: the odd harmonics' share of the harmonics' power; 0.5 where there are none
    brightness_octaves: float  # spectral centroid of the wet reference sound over the dry one's
    crest_factor_db: float  # peak over RMS of the wet reference sound
    dc: float  # mean of the wet sine, full scale is 1


def sine(level_db: float) -> np.ndarray:
    """220 Hz with a peak of level_db, dBFS; (samples,), the part to let settle first."""
    time = np.arange(SETTLE_SAMPLES + MEASURED_SAMPLES) / RATE
    return 10 ** (level_db / 20) * np.sin(2 * np.pi * PITCH_HZ * time)


def reference_sound(level_db: float) -> np.ndarray:
    """Twelve harmonics of 110 Hz, falling by 6 dB an octave, swelling ten times a second to a peak of level_db, dBFS;
    as long as the sine, and whole periods too.
    """
    time = np.arange(SETTLE_SAMPLES + MEASURED_SAMPLES) / RATE
    number = np.arange(1, 13)[:, None]
    sound = (np.sin(2 * np.pi * 110.0 * number * time) / number).sum(axis=0)
    sound *= 1 - 0.95 * np.cos(2 * np.pi * 10.0 * time)
    return 10 ** (level_db / 20) * sound / np.abs(sound).max()


def power_spectrum(sound: np.ndarray) -> np.ndarray:
    """Power of each bin of the last 0.2 s, 5 Hz apart; the sum of all but the first is the mean square without DC."""
    spectrum = np.abs(np.fft.rfft(sound[-MEASURED_SAMPLES:]) / MEASURED_SAMPLES) ** 2
    spectrum[1:-1] *= 2
    return spectrum


def centroid_hz(sound: np.ndarray) -> float:
    """Mean frequency of the last 0.2 s, weighted by magnitude; 0 for silence."""
    magnitude = np.sqrt(power_spectrum(sound))[1:]
    total = magnitude.sum()
    return float(magnitude @ np.arange(1, len(magnitude) + 1) / total * RATE / MEASURED_SAMPLES) if total > 0 else 0.0


def harmonic_distortion(wet_sine: np.ndarray) -> float:
    """0..1: RMS of all but DC and fundamental over RMS of all but DC, from what became of `sine`; 0 for silence.

    The ratio to the whole and not to the fundamental (Shmilovitz, IEEE Trans. Power Delivery 20(1), 2005): a rectifier
    leaves no fundamental.
    """
    spectrum = power_spectrum(wet_sine)
    total = spectrum[1:].sum()
    if total < QUIETEST**2:
        return 0.0
    return float(np.sqrt(max(total - spectrum[FUNDAMENTAL], 0.0) / total))


def odd_share(wet_sine: np.ndarray) -> float:
    """0..1: power of harmonics 3, 5, 7... over that of 2, 3, 4...; 0.5 where all are below -120 dBFS."""
    harmonics = power_spectrum(wet_sine)[::FUNDAMENTAL]
    odd, even = harmonics[3::2].sum(), harmonics[2::2].sum()
    return float(odd / (odd + even)) if odd + even > QUIETEST**2 else 0.5


def measure(render: Render, level_db: float = -12.0) -> Attributes:
    """Measures a function dry (samples,) -> wet (samples,) at 48 kHz with a sine and a reference sound of this peak.

    Raises ValueError when the wet sound has another length than the dry one or is not finite.
    """
    wet, dry_reference = render(sine(level_db)), reference_sound(level_db)
    wet_reference = render(dry_reference)
    for sound in (wet, wet_reference):
        if sound.shape != dry_reference.shape or not np.isfinite(sound).all():
            raise ValueError(
                f"the effect gave {sound.shape} samples, or NaN; it must keep {dry_reference.shape}, finite"
            )
    distortion = harmonic_distortion(wet)
    tail = wet_reference[-MEASURED_SAMPLES:]
    peak, rms = np.abs(tail).max(), np.sqrt(np.mean(tail**2))
    audible = peak > QUIETEST
    return Attributes(
        distortion=distortion,
        distortion_db=20 * float(np.log10(max(distortion, QUIETEST))),
        odd_share=odd_share(wet),
        brightness_octaves=float(np.log2(centroid_hz(tail) / centroid_hz(dry_reference))) if audible else 0.0,
        crest_factor_db=20 * float(np.log10(peak / rms)) if audible else 0.0,
        dc=float(wet[-MEASURED_SAMPLES:].mean()),
    )
