# SPDX-License-Identifier: MIT
"""Splits a distorted sine into harmonics and the rest, which is aliasing above all, and compares a decoder's share of
it with the effect's own.

Depends on NumPy only, so that a float decoder, an integer one and the module are measured alike.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

# Dry (samples,) and z (N, 2) in, wet (N, samples) out; starts from silence at every call.
Render = Callable[[np.ndarray, np.ndarray], np.ndarray]

GOLDEN_FRACTION = 0.6180339887
WHOLE_PERIODS = (43, 20, 9, 6)  # of the sample rate in the sine's: 1.1, 2.3, 5 and 7.3 kHz at 48 kHz
PEAK = 0.5  # of the sine: -6 dBFS, loud for any distortion at full drive
SETTLE_SECONDS, MEASURED_SECONDS = 0.1, 0.2
FLOOR = 1e-15  # power ratio: -150 dB stands for none at all
AUDIBLE_HZ = 20_000.0
# An effect purer than this counts as having this much: what a decoder adds below it is masked by the sound, and
# differences to an effect that bends nothing at all would be without bound.
UNHEARD_DB = -60.0


def decibels(power: np.ndarray | float) -> np.ndarray:
    """Powers or power ratios to dB, not below -150."""
    return 10 * np.log10(np.maximum(np.asarray(power, np.float64), FLOOR))


def incommensurable_hz(whole: int, sample_rate: int = 48_000) -> float:
    """A frequency whose aliases keep clear of its harmonics.

    Harmonic k of f, folded m times, lies a whole number of f away from m * sample_rate; it meets a harmonic where
    m * sample_rate / f is whole. Multiples of the golden ratio's fraction stay away from whole numbers as far as any
    can (Hurwitz's theorem): up to m = 8, a twentieth of f.
    """
    return sample_rate / (whole + GOLDEN_FRACTION)


def sine(frequency_hz: float, samples: int, peak: float, sample_rate: int = 48_000) -> np.ndarray:
    """A steady sine, float64 (samples,)."""
    return peak * np.sin(2 * np.pi * frequency_hz / sample_rate * np.arange(samples))


def swept_sine(seconds: float, peak: float = PEAK, sample_rate: int = 48_000) -> np.ndarray:
    """20 Hz to 20 kHz, equally long in every octave: aliases fall in its spectrogram while harmonics rise."""
    octaves = np.log2(20_000 / 20) * np.linspace(0, 1, round(seconds * sample_rate))
    return peak * np.sin(2 * np.pi * np.cumsum(20.0 * 2.0**octaves) / sample_rate)


@dataclass(frozen=True, eq=False)
class HarmonicSplit:
    """Powers of a steady sound, full scale 1; `...` is whatever shape the batch had."""

    mean: np.ndarray  # (...): amplitude of DC, signed
    harmonics: np.ndarray  # (..., K): the fundamental first
    rest: np.ndarray  # (...): neither DC nor harmonic

    @property
    def non_harmonic_db(self) -> np.ndarray:
        """Share of the rest in everything but DC; -150 for silence."""
        return decibels(self.rest / np.maximum(self.harmonics.sum(axis=-1) + self.rest, FLOOR))

    @property
    def distortion_db(self) -> np.ndarray:
        """Share of the overtones in the harmonics, so at most 0 dB even where a folder swallows the fundamental.

        With d the usual ratio of overtones to fundamental, this is d² / (1 + d²): the same order. -150 for silence.
        """
        power = self.harmonics.sum(axis=-1)
        return decibels(self.harmonics[..., 1:].sum(axis=-1) / np.maximum(power, FLOOR))


def split_harmonics(
    wet: np.ndarray, frequency_hz: float, sample_rate: int = 48_000, highest_hz: float | None = None
) -> HarmonicSplit:
    """Fits DC and all harmonics to wet (..., samples) by least squares, then measures what lies below `highest_hz`.

    The frequency is known, so no bin has to hit it; errors are weighted with a Hann window, which keeps what lies
    between the harmonics from leaking into the fit.
    """
    samples, highest_hz = wet.shape[-1], highest_hz or sample_rate / 2
    weight, basis, fit = _harmonic_basis(samples, frequency_hz, sample_rate)
    weighted = weight * np.asarray(wet, np.float64).reshape(-1, samples)
    fitted = weighted @ fit.T  # (N, 1 + 2K)
    spectrum = np.fft.rfft(weighted - fitted @ basis)[:, : int(highest_hz * samples / sample_rate) + 1]
    rest = 2 * np.square(np.abs(spectrum)).sum(axis=-1) / samples / np.square(weight).sum()
    count = len(basis) // 2
    powers = (fitted[:, 1 : count + 1] ** 2 + fitted[:, count + 1 :] ** 2) / 2
    powers = powers[:, : int(highest_hz / frequency_hz)]
    shape = wet.shape[:-1]
    return HarmonicSplit(fitted[:, 0].reshape(shape), powers.reshape(*shape, -1), rest.reshape(shape))


@lru_cache(maxsize=8)
def _harmonic_basis(samples: int, frequency_hz: float, sample_rate: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The window (samples,), the windowed DC, cosines and sines (1 + 2K, samples), and what projects on them."""
    weight = np.hanning(samples)
    count = int(np.ceil(sample_rate / 2 / frequency_hz)) - 1
    turns = np.outer(np.arange(1, count + 1), 2 * np.pi * frequency_hz / sample_rate * np.arange(samples))
    basis = weight * np.concatenate([np.ones((1, samples)), np.cos(turns), np.sin(turns)])
    return weight, basis, np.linalg.solve(basis @ basis.T, basis)


@dataclass(frozen=True, eq=False)
class Aliasing:
    """Non-harmonic shares in dB of N spots on the map and of the effects they stand for, both (frequencies, N)."""

    highest_hz: float  # what lies above is left out
    frequencies_hz: np.ndarray
    decoder_db: np.ndarray
    target_db: np.ndarray

    @property
    def added_db(self) -> np.ndarray:
        """Decoder over target, a target below UNHEARD_DB raised to it."""
        return self.decoder_db - np.maximum(self.target_db, UNHEARD_DB)

    def to_dict(self) -> list[dict[str, float]]:
        """A row for each frequency: medians over the spots, and the most that one spot adds."""
        return [
            {
                "frequency_hz": round(float(frequency), 1),
                "below_hz": self.highest_hz,
                "decoder_db": float(np.median(decoder)),
                "target_db": float(np.median(target)),
                "added_db_median": float(np.median(added)),
                "added_db_worst": float(added.max()),
            }
            for frequency, decoder, target, added in zip(
                self.frequencies_hz, self.decoder_db, self.target_db, self.added_db, strict=True
            )
        ]


def measure_aliasing(
    render: Render,
    z: np.ndarray,
    targets: Callable[[np.ndarray], np.ndarray],
    sample_rate: int = 48_000,
    highest_hz: float = AUDIBLE_HZ,
) -> Aliasing:
    """Plays sines at z (N, 2) and through the N effects that these spots stand for.

    `targets` takes dry (samples,) to wet (N, samples), in the order of z; a delay does not matter. A decoder is
    compared with its oversampled effect, for some effects, as a bit crusher, are not harmonic themselves. Up to
    Nyquist, most of an effect's aliases are what its last filter lets pass just above 24 kHz; nobody hears those,
    which is why they are left out unless `highest_hz` says otherwise.
    """
    settle, samples = (round(s * sample_rate) for s in (SETTLE_SECONDS, SETTLE_SECONDS + MEASURED_SECONDS))
    frequencies = [incommensurable_hz(whole, sample_rate) for whole in WHOLE_PERIODS]

    def shares(play: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        played = [play(sine(f, samples, PEAK, sample_rate))[:, settle:] for f in frequencies]
        splits = [split_harmonics(w, f, sample_rate, highest_hz) for w, f in zip(played, frequencies, strict=True)]
        return np.stack([split.non_harmonic_db for split in splits])

    return Aliasing(highest_hz, np.array(frequencies), shares(lambda dry: render(dry, z)), shares(targets))
