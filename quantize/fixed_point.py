# SPDX-License-Identifier: MIT
"""TFLite's fixed-point arithmetic on NumPy integers; the twin of `firmware/core/fixed_point.h`.

Sources: gemmlowp `fixedpoint.h`; TFLite Micro `kernels/internal/common.h` and `quantization_util.cc`. Rounding
"double" is what TFLite Micro does as of the pinned wheel (two roundings); "single" is the same library built with
TFLITE_SINGLE_ROUNDING.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

Rounding = Literal["double", "single"]


def quantize_multiplier(real: float) -> tuple[int, int]:
    """A positive real factor as (multiplier in [2^30, 2^31), shift): real = multiplier * 2^(shift - 31); shift > 0
    is left.
    """
    if real == 0.0:
        return 0, 0
    mantissa, shift = math.frexp(real)
    multiplier = math.floor(mantissa * (1 << 31) + 0.5)
    if multiplier == 1 << 31:
        multiplier, shift = multiplier >> 1, shift + 1
    return (0, 0) if shift < -31 else (multiplier, shift)


def saturating_rounding_doubling_high_mul(a: np.ndarray, b: np.ndarray | int) -> np.ndarray:
    """round(a * b / 2^31), halves up. gemmlowp truncates (a*b + nudge) / 2^31, which is this floor for either sign."""
    return (a * b + (1 << 30)) >> 31


def rounding_divide_by_pot(x: np.ndarray, exponent: np.ndarray | int) -> np.ndarray:
    """x / 2^exponent rounded to nearest, halves away from zero."""
    half = (np.int64(1) << np.asarray(exponent, np.int64)) >> 1
    away = np.where(half > 0, (x < 0).astype(np.int64), 0)
    return (x + half - away) >> exponent


def multiply_by_quantized_multiplier(
    x: np.ndarray, multiplier: np.ndarray | int, shift: np.ndarray | int, rounding: Rounding
) -> np.ndarray:
    """x (int64 array holding int32 values) times a quantised multiplier; multiplier and shift broadcast (per
    channel).
    """
    shift = np.asarray(shift, np.int64)
    if rounding == "single":
        total = 31 - shift
        return (x * multiplier + (np.int64(1) << (total - 1))) >> total
    left, right = np.maximum(shift, 0), np.maximum(-shift, 0)
    return rounding_divide_by_pot(saturating_rounding_doubling_high_mul(x << left, multiplier), right)


def multiply_by_quantized_multiplier_64(x: np.ndarray, multiplier: np.ndarray, shift: np.ndarray) -> np.ndarray:
    """The 16x8 path for 64-bit accumulators: the multiplier reduced to 16 bits, one rounding whatever the mode."""
    reduced = np.where(multiplier < 0x7FFF0000, (multiplier + (1 << 15)) >> 16, 0x7FFF)
    total = 15 - np.asarray(shift, np.int64)
    return (x * reduced + (np.int64(1) << (total - 1))) >> total
