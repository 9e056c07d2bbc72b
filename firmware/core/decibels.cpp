// SPDX-License-Identifier: MIT
// An octave count for the float's exponent, and a series for the rest.
#include "core/decibels.h"

#include <cstdint>
#include <cstring>

#include "core/filters.h"

namespace gritspace {
namespace {

constexpr float kLimitDb = 150;

// 20 log10(2) in two parts: a small multiple of the first is exact, so nothing is lost when whole
// doublings are taken away.
constexpr float kDoublingDb = 6.0205078125F;
constexpr float kDoublingRestDb = 9.2100779624e-5F;
constexpr float kNepersPerDb = 0.115129254649702F;  // ln(10) / 20

// 2^exponent; exponent in -126..127.
float PowerOfTwo(int32_t exponent) {
  const uint32_t bits = static_cast<uint32_t>(exponent + 127) << 23;
  float power = 0;
  static_assert(sizeof(power) == sizeof(bits));
  std::memcpy(&power, &bits, sizeof(power));
  return power;
}

// e^x by its series; for |x| <= ln(2) / 2 what is left out is below 2e-7.
float Exponential(float x) {
  return 1 + x * (1 + x * (1 / 2.F +
                           x * (1 / 6.F + x * (1 / 24.F + x * (1 / 120.F + x * (1 / 720.F))))));
}

}  // namespace

float GainOfDecibels(float db) {
  const float limited = Clamped(db, -kLimitDb, kLimitDb);
  const int32_t whole = Nearest(limited / kDoublingDb);
  const auto whole_as_float = static_cast<float>(whole);
  const float rest_db = limited - whole_as_float * kDoublingDb - whole_as_float * kDoublingRestDb;
  return PowerOfTwo(whole) * Exponential(rest_db * kNepersPerDb);
}

}  // namespace gritspace
