# SPDX-License-Identifier: MIT
"""Dry audio from files: any folder of wav, flac, ogg or aiff, any rate, mono or not, as it is or as another take.

Depends on soundfile, SciPy and `stretching`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile
from scipy import signal

from model.stretching import stretch, transpose

PLAUSIBLE_RATES_HZ = (4_000, 768_000)  # outside it is a broken header, and resampling would fill the memory
SUFFIXES = {".wav", ".flac", ".ogg", ".aif", ".aiff"}
# From a fifth down to an octave up, just, so that resampling is exact and quick.
INTERVALS = tuple(
    Fraction(*r) for r in ((2, 3), (3, 4), (4, 5), (5, 6), (8, 9), (9, 8), (6, 5), (5, 4), (4, 3), (3, 2), (2, 1))
)


class SourceError(ValueError):
    """A file or folder that cannot serve as dry audio; the message names it and says why."""


@dataclass(frozen=True, eq=False)
class Recording:
    """A mono recording at the project's rate, peak at full scale."""

    path: Path
    samples: np.ndarray  # (samples,) float64

    def varied_excerpt(self, samples: int, rng: np.random.Generator) -> np.ndarray:
        """A random stretch as another take might be, at a random level of -30 to 0 dBFS: half of them transposed by one
        of INTERVALS, half, independently, played at 0.7 to 1.4 times the tempo. Silence follows shorter recordings.
        """
        interval = INTERVALS[rng.integers(len(INTERVALS))] if rng.integers(2) else Fraction(1)
        tempo = 2 ** rng.uniform(-0.5, 0.5) if rng.integers(2) else 1.0
        piece = self._piece(math.ceil(samples * tempo), rng)
        return self._levelled(transpose(stretch(piece, float(interval) / tempo), interval)[:samples], samples, rng)

    def _piece(self, samples: int, rng: np.random.Generator) -> np.ndarray:
        start = rng.integers(max(1, len(self.samples) - samples + 1))
        return self.samples[start : start + samples]

    def _levelled(self, piece: np.ndarray, samples: int, rng: np.random.Generator) -> np.ndarray:
        level = 10 ** (rng.uniform(-30, 0) / 20) / max(float(np.abs(piece).max()), 1e-4)
        return np.pad(piece * level, (0, samples - len(piece)))


def load_recording(path: Path, sample_rate: int) -> Recording:
    """Reads, mixes to mono, resamples and normalises; raises SourceError for a file that holds no usable sound."""
    try:
        sound, rate = soundfile.read(path, always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise SourceError(f"{path}: cannot be read as audio ({error})") from error
    if not PLAUSIBLE_RATES_HZ[0] <= rate <= PLAUSIBLE_RATES_HZ[1]:
        raise SourceError(f"{path}: a sample rate of {rate} Hz; save it again at {sample_rate} Hz")
    mono = sound.mean(axis=1)
    if not len(mono) or not np.isfinite(mono).all() or not np.abs(mono).max() > 0:
        raise SourceError(f"{path}: empty, silent, or not finite; take the file out of the folder")
    mono = signal.resample_poly(mono, sample_rate, rate)
    return Recording(path, mono / np.abs(mono).max())


def load_folder(folder: Path, sample_rate: int) -> list[Recording]:
    """Every audio file below a folder, sorted by path; raises SourceError when there is none."""
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    if not paths:
        raise SourceError(f"{folder}: no audio files ({', '.join(sorted(SUFFIXES))}) below this folder")
    return [load_recording(path, sample_rate) for path in paths]
