# SPDX-License-Identifier: MIT
"""Fixed-point arithmetic against plain Python integers and against gemmlowp's own formulation, over the full range."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quantize import fixed_point

int32 = st.integers(-(2**31), 2**31 - 1)
multipliers = st.integers(2**30, 2**31 - 1)


def gemmlowp_high_mul(a: int, b: int) -> int:
    """SaturatingRoundingDoublingHighMul as its C++ reads: a nudge of either sign, then division towards zero."""
    nudge = 2**30 if a * b >= 0 else 1 - 2**30
    return math.trunc(Fraction(a * b + nudge, 2**31))


def gemmlowp_divide(x: int, exponent: int) -> int:
    """RoundingDivideByPOT as its C++ reads."""
    mask = (1 << exponent) - 1
    return (x >> exponent) + int((x & mask) > (mask >> 1) + int(x < 0))


@given(int32, multipliers)
def test_doubling_high_multiplication_is_gemmlowps(a, b):
    result = fixed_point.saturating_rounding_doubling_high_mul(np.array([a], np.int64), b)
    assert int(result[0]) == gemmlowp_high_mul(a, b)


@given(int32, st.integers(0, 31))
def test_division_by_a_power_of_two_is_gemmlowps(x, exponent):
    assert int(fixed_point.rounding_divide_by_pot(np.array([x], np.int64), exponent)[0]) == gemmlowp_divide(x, exponent)


@given(st.floats(1e-9, 1e3))
def test_a_multiplier_is_its_real_factor(real):
    multiplier, shift = fixed_point.quantize_multiplier(real)
    assert 2**30 <= multiplier < 2**31
    assert multiplier * 2.0 ** (shift - 31) == pytest.approx(real, rel=2**-30)


@given(st.integers(-(2**24), 2**24), multipliers, st.integers(-20, 0))
def test_single_rounding_is_the_nearest_integer(x, multiplier, shift):
    exact = Fraction(x * multiplier, 2 ** (31 - shift))
    result = fixed_point.multiply_by_quantized_multiplier(np.array([x], np.int64), multiplier, shift, "single")
    assert int(result[0]) == math.floor(exact + Fraction(1, 2))


@given(st.integers(-(2**24), 2**24), multipliers, st.integers(-20, 0))
def test_double_rounding_is_at_most_one_off(x, multiplier, shift):
    values = np.array([x], np.int64)
    single = fixed_point.multiply_by_quantized_multiplier(values, multiplier, shift, "single")
    double = fixed_point.multiply_by_quantized_multiplier(values, multiplier, shift, "double")
    assert abs(int(single[0]) - int(double[0])) <= 1


def test_the_two_roundings_differ_somewhere():
    values = np.arange(-4096, 4096, dtype=np.int64)
    results = [fixed_point.multiply_by_quantized_multiplier(values, 2**30 + 12345, -3, m) for m in ("single", "double")]
    assert (results[0] != results[1]).any()


@given(st.integers(-(2**36), 2**36), multipliers, st.integers(-20, -1))
def test_the_wide_path_rounds_once_with_a_16_bit_multiplier(x, multiplier, shift):
    reduced = min((multiplier + 2**15) >> 16, 0x7FFF)
    exact = Fraction(x * reduced, 2 ** (15 - shift))
    arrays = np.array([x], np.int64), np.array([multiplier], np.int64), np.array([shift], np.int64)
    assert int(fixed_point.multiply_by_quantized_multiplier_64(*arrays)[0]) == math.floor(exact + Fraction(1, 2))
