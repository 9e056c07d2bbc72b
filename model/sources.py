# SPDX-License-Identifier: MIT
"""Dry audio from files: any folder of wav, flac, ogg or aiff, any rate, mono or not. Depends on soundfile and SciPy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from scipy import signal

SUFFIXES = {".wav", ".flac", ".ogg", ".aif", ".aiff"}


class SourceError(ValueError):
    """A file or folder that cannot serve as dry audio; the message names it and says why."""


@dataclass(frozen=True, eq=False)
class Recording:
    """A mono recording at the project's rate, peak at full scale."""

    path: Path
    samples: np.ndarray  # (samples,) float64

    def excerpt(self, samples: int, rng: np.random.Generator) -> np.ndarray:
        """A random stretch at a random level of -30 to 0 dBFS; shorter recordings are padded with silence."""
        start = rng.integers(max(1, len(self.samples) - samples + 1))
        piece = self.samples[start : start + samples]
        level = 10 ** (rng.uniform(-30, 0) / 20) / max(float(np.abs(piece).max()), 1e-4)
        return np.pad(piece * level, (0, samples - len(piece)))


def load_recording(path: Path, sample_rate: int) -> Recording:
    """Reads, mixes to mono, resamples and normalises; raises SourceError for a file that holds no usable sound."""
    try:
        sound, rate = soundfile.read(path, always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise SourceError(f"{path}: cannot be read as audio ({error})") from error
    mono = sound.mean(axis=1)
    if not len(mono) or not np.isfinite(mono).all() or not np.abs(mono).max() > 0:
        raise SourceError(f"{path}: empty, silent, or not finite; take the file out of the folder")
    if rate != sample_rate:
        common = int(np.gcd(rate, sample_rate))
        mono = signal.resample_poly(mono, sample_rate // common, rate // common)
    return Recording(path, mono / np.abs(mono).max())


def load_folder(folder: Path, sample_rate: int) -> list[Recording]:
    """Every audio file below a folder, sorted by path; raises SourceError when there is none."""
    paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    if not paths:
        raise SourceError(f"{folder}: no audio files ({', '.join(sorted(SUFFIXES))}) below this folder")
    return [load_recording(path, sample_rate) for path in paths]
