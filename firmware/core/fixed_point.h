// SPDX-License-Identifier: MIT
// TFLite's fixed-point arithmetic as TFLite Micro does it, two roundings; the twin of
// quantize/fixed_point.py. Defines what is right; engines may take shorter ways to the same
// integers. Sources: gemmlowp fixedpoint.h, TFLite Micro kernels/internal/common.h.
#pragma once

#include <cstdint>

namespace gritspace {

// A positive real factor value * 2^(shift - 31), value in [2^30, 2^31) or 0; a positive shift is
// left.
struct Multiplier {
  int32_t value;
  int32_t shift;
};

// Inclusive bounds of an activation.
struct Range {
  int32_t min;
  int32_t max;
};

// round(a * b / 2^31), halves up. The one overflow, both at -2^31, cannot happen: multipliers are
// >= 0.
constexpr int32_t SaturatingRoundingDoublingHighMul(int32_t a, int32_t b) {
  return static_cast<int32_t>((int64_t{a} * b + (int64_t{1} << 30)) >> 31);
}

// x / 2^exponent rounded to nearest, halves away from zero; exponent in 0..31.
constexpr int32_t RoundingDivideByPOT(int32_t x, int32_t exponent) {
  if (exponent == 0) return x;
  const int64_t half = int64_t{1} << (exponent - 1);
  return static_cast<int32_t>((x + half - (x < 0 ? 1 : 0)) >> exponent);
}

// The path of 32-bit accumulators and of MUL. x * 2^shift must fit 32 bits when the shift is left.
constexpr int32_t MultiplyByQuantizedMultiplier(int32_t x, Multiplier multiplier) {
  const int32_t left = multiplier.shift > 0 ? multiplier.shift : 0;
  const int32_t right = multiplier.shift > 0 ? 0 : -multiplier.shift;
  const int32_t shifted = static_cast<int32_t>(static_cast<uint32_t>(x) << left);
  return RoundingDivideByPOT(SaturatingRoundingDoublingHighMul(shifted, multiplier.value), right);
}

// The path of 16x8's 64-bit accumulators: the multiplier reduced to 16 bits, one rounding. |x| <
// 2^47.
constexpr int32_t MultiplyByQuantizedMultiplier64(int64_t x, Multiplier multiplier) {
  const int64_t reduced =
      multiplier.value < 0x7FFF0000 ? (multiplier.value + (1 << 15)) >> 16 : 0x7FFF;
  const int32_t right = 15 - multiplier.shift;
  return static_cast<int32_t>((x * reduced + (int64_t{1} << (right - 1))) >> right);
}

constexpr int32_t Clamp(int32_t x, Range range) {
  return x < range.min ? range.min : x > range.max ? range.max : x;
}

}  // namespace gritspace
