# SPDX-License-Identifier: MIT
"""Counts mismatches between integers and measures errors between reals. Depends on NumPy; knows no engine."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass
class Tally:
    """Integers seen so far against golden's, fed piece by piece in order."""

    samples: int = 0
    mismatches: int = 0
    max_lsb: int = 0
    first_mismatch: int | None = None  # samples from the start

    def add(self, golden: np.ndarray, other: np.ndarray) -> None:
        """Compares two pieces of equal length."""
        if golden.shape != other.shape:
            raise ValueError(f"cannot compare {golden.shape} with {other.shape}")
        difference = np.abs(golden.astype(np.int64) - other.astype(np.int64))
        wrong = np.flatnonzero(difference)
        if wrong.size:
            if self.first_mismatch is None:
                self.first_mismatch = self.samples + int(wrong[0])
            self.mismatches += wrong.size
            self.max_lsb = max(self.max_lsb, int(difference.max()))
        self.samples += golden.size


@dataclass
class ErrorEnergy:
    """Energies of a target and of the error against it, summed over pieces."""

    target: float = 0.0
    error: float = 0.0

    def add(self, target: np.ndarray, other: np.ndarray) -> None:
        self.target += float(np.sum(np.square(target, dtype=np.float64)))
        self.error += float(np.sum(np.square(other - target, dtype=np.float64)))

    @property
    def esr(self) -> float | None:
        """Error-to-signal ratio, sum((y - t)^2) / sum(t^2); None for a silent target."""
        return self.error / self.target if self.target > 0 else None

    @property
    def snr_db(self) -> float | None:
        """10 log10 of the inverse of the ESR; None when either energy is zero."""
        return 10 * math.log10(self.target / self.error) if self.target > 0 and self.error > 0 else None
