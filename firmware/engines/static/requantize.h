// SPDX-License-Identifier: MIT
// From accumulators to activations: TFLite's requantisation in as few instructions as its exact
// result allows. Depends on core/fixed_point.h, which defines that result, and core/simd.h.
#pragma once

#include <cstdint>

#include "core/decoder.h"
#include "core/fixed_point.h"
#include "core/simd.h"

namespace gritspace {

// One output channel's requantisation, zero point left out. kFast: quantize/emit.py has checked
// that the short way is exact, and written kWords parameters for it instead of multiplier and
// shift. The long ways are calls, for the loop in columns.h leaves the compiler no register to
// branch with.
template <Scheme kScheme, bool kFast>
class Requantizer;

template <>
class Requantizer<Scheme::kInt8, false> {
 public:
  static constexpr int kWords = 2;
  explicit Requantizer(const int32_t* parameters) : multiplier_{parameters[0], parameters[1]} {}
  [[gnu::noinline]] int32_t operator()(int32_t accumulator) const {
    return MultiplyByQuantizedMultiplier(accumulator, multiplier_);
  }

 private:
  Multiplier multiplier_;
};

template <>
class Requantizer<Scheme::kInt16x8, false> {
 public:
  static constexpr int kWords = 2;
  explicit Requantizer(const int32_t* parameters) : multiplier_{parameters[0], parameters[1]} {}
  [[gnu::noinline]] int32_t operator()(int32_t accumulator) const {
    return MultiplyByQuantizedMultiplier64(accumulator, multiplier_);
  }

 private:
  Multiplier multiplier_;
};

// Weights and bias are doubled, so that the upper half of one product is the doubling high
// multiply. The rounding shift's half goes into the same instruction; it takes away one from
// negative numbers, and the accumulator's sign will do, for where it differs from the product's
// that is 0 and half - 1 vanishes.
template <>
class Requantizer<Scheme::kInt8, true> {
 public:
  static constexpr int kWords = 3;
  explicit Requantizer(const int32_t* parameters)
      : multiplier_(parameters[0]), half_(parameters[1]), shift_(parameters[2]) {}
  int32_t operator()(int32_t accumulator) const {
    return Smmlar(accumulator, multiplier_, half_ + (accumulator >> 31)) >> shift_;
  }

 private:
  int32_t multiplier_, half_, shift_;
};

// The 16-bit multiplier stands shifted up so that the one rounding is that of the upper half.
template <>
class Requantizer<Scheme::kInt16x8, true> {
 public:
  static constexpr int kWords = 1;
  explicit Requantizer(const int32_t* parameters) : multiplier_(parameters[0]) {}
  int32_t operator()(int32_t accumulator) const { return Smmulr(accumulator, multiplier_); }

 private:
  int32_t multiplier_;
};

// Clamp with one instruction where the bounds are those of a signed or unsigned number of some
// bits.
template <int32_t kMin, int32_t kMax>
int32_t ClampTo(int32_t x) {
  constexpr int64_t kCount = int64_t{kMax} + 1;  // of the non-negative
  if constexpr (kMin == -kCount && (kCount & kMax) == 0) {
    return Ssat<__builtin_ctzll(kCount) + 1>(x);
  } else if constexpr (kMin == 0 && kMax > 0 && (kCount & kMax) == 0) {
    return Usat<__builtin_ctzll(kCount)>(x);
  } else {
    return Clamp(x, {kMin, kMax});
  }
}

// What a convolution's clamp leaves of a requantised accumulator; `Activation::kRange` is relative
// to the zero point.
template <class Activation>
int32_t Activate(int32_t x) {
  return ClampTo<Activation::kRange.min, Activation::kRange.max>(x);
}

}  // namespace gritspace
