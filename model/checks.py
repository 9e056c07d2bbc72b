# SPDX-License-Identifier: MIT
"""What a pair of dry and wet must satisfy before anything is learned from it. Depends on `features` and SciPy."""

from __future__ import annotations

import numpy as np
import torch
from scipy import fft

from model.alignment import find_lag
from model.config import AudioConfig
from model.features import log_mel, mel_filterbank

QUIETEST_RMS = 1e-3  # -60 dBFS
LARGEST = 1.0 + 1e-6
BANDS, COEFFICIENTS = 32, 13
LEAST_ALIKE = 0.3  # correlation of MFCCs over time; noise that has nothing to do with dry has about 0
LAG_SAMPLES = 200  # searched on either side
IN_TIME = 24  # samples: a filter in the effect moves the peak of the correlation


def complaint(dry: np.ndarray, wet: np.ndarray, audio: AudioConfig) -> str | None:
    """Why a pair, both (samples,), cannot be used; None when it can."""
    if not np.isfinite(wet).all():
        return "wet is not finite"
    if np.abs(wet).max() > LARGEST:
        return "wet is beyond full scale"
    if min(np.sqrt(np.mean(dry**2)), np.sqrt(np.mean(wet**2))) < QUIETEST_RMS:
        return "silent"
    if not in_time(dry, wet):
        return "wet is not in time with dry"
    if likeness(dry, wet, audio) < LEAST_ALIKE:
        return "wet has nothing of dry"
    return None


def in_time(dry: np.ndarray, wet: np.ndarray) -> bool:
    """Whether the two are together, as far as it can be told: a folded sound resembles dry at no shift."""
    try:
        return abs(find_lag(dry, wet, LAG_SAMPLES)) <= IN_TIME
    except ValueError:
        return True


def likeness(dry: np.ndarray, wet: np.ndarray, audio: AudioConfig) -> float:
    """Correlation of the two sounds' MFCCs, without the mean of each coefficient, -1..1."""
    filterbank = mel_filterbank(BANDS, audio.sample_rate)
    pair = log_mel(torch.from_numpy(np.stack([dry, wet])).float(), filterbank).numpy()
    cepstra = fft.dct(pair, axis=1, norm="ortho")[:, :COEFFICIENTS]
    a, b = (cepstra - cepstra.mean(axis=2, keepdims=True)).reshape(2, -1)
    return float(a @ b / max(np.sqrt(a @ a * (b @ b)), 1e-12))
