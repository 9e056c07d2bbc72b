// SPDX-License-Identifier: MIT
// Audio as 24-bit converters have it, to and from floats of full scale 1: exact one way, rounded
// and limited the other. Depends on nothing.
#pragma once

#include <cstdint>

namespace gritspace {

inline constexpr int32_t kCodecFullScale = 1 << 23;

constexpr float FromCodec(int32_t sample) {
  return static_cast<float>(sample) * (1.0F / kCodecFullScale);
}

// The nearest sample, halves away from zero.
constexpr int32_t ToCodec(float x) {
  const float scaled = x * kCodecFullScale + (x < 0 ? -0.5F : 0.5F);
  if (!(scaled > -static_cast<float>(kCodecFullScale))) return -kCodecFullScale;  // NaN, too
  return scaled >= static_cast<float>(kCodecFullScale) ? kCodecFullScale - 1
                                                       : static_cast<int32_t>(scaled);
}

}  // namespace gritspace
