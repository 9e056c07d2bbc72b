# SPDX-License-Identifier: MIT
"""How well a decoder follows its effect as a note dies away: the error at each level of the note. ESR over whole clips
says nothing of that, for the loud parts hide the tail.

Depends on `aliasing` and NumPy only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from model.aliasing import Render, decibels, incommensurable_hz, sine

BAND_DB = 10  # the note's level falls by this much within a band
BANDS = 8  # from full scale to -80 dBFS
BAND_SECONDS = 0.1
OVERTONES = (1.0, 0.5, 0.25)


@dataclass(frozen=True, eq=False)
class Decay:
    """Levels in dBFS (RMS) over the bands of the dying note, (N, BANDS); ESR in dB is their difference."""

    note_db: np.ndarray  # (BANDS,): the dry note in the middle of each band
    target_db: np.ndarray
    error_db: np.ndarray

    def to_dict(self) -> list[dict[str, float]]:
        """A row for each band, medians over the spots."""
        return [
            {
                "note_db": float(note),
                "target_db": float(np.median(target)),
                "error_db": float(np.median(error)),
                "esr_db": float(np.median(error - target)),
            }
            for note, target, error in zip(self.note_db, self.target_db.T, self.error_db.T, strict=True)
        ]


def dying_note(sample_rate: int = 48_000) -> np.ndarray:
    """A low A with two overtones that falls by BAND_DB in BAND_SECONDS, (samples,) float64, at most 1."""
    samples = BANDS * round(BAND_SECONDS * sample_rate)
    pitch_hz = incommensurable_hz(round(sample_rate / 110) - 1, sample_rate)
    tone = sum(a * sine((k + 1) * pitch_hz, samples, 1.0, sample_rate) for k, a in enumerate(OVERTONES))
    envelope = 10 ** (-BAND_DB * BANDS / 20 * np.arange(samples) / samples)
    return envelope * tone / sum(OVERTONES)


def measure_decay(
    render: Render, z: np.ndarray, targets: Callable[[np.ndarray], np.ndarray], sample_rate: int = 48_000
) -> Decay:
    """Plays the note at z (N, 2) and through the N effects of these spots.

    `targets` takes dry (samples,) to wet (N, samples), in the order of z and as late as the decoder is.
    """
    note = dying_note(sample_rate)

    def levels(sound: np.ndarray) -> np.ndarray:
        return decibels(np.square(sound).reshape(*sound.shape[:-1], BANDS, -1).mean(axis=-1))

    wet, target = render(note, z), targets(note)
    return Decay(levels(note), levels(target), levels(wet - target))
