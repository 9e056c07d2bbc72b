// SPDX-License-Identifier: MIT
// Which board the Seed sits on, and on which of its pins the panel is: our own, whose pins come
// from hardware/pins.toml, or Electrosmith's Patch. n stands for Dn.
#pragma once

#include <cstdint>

namespace gritspace::pins {

inline constexpr uint8_t kNone = 255;  // the panel has no such part: it is read as at rest

}  // namespace gritspace::pins

#if GRITSPACE_PATCH

namespace gritspace::pins {

inline constexpr char kBoard[] = "daisy_patch";

// CTRL 1 to 4 are x, y, level and mix, each with its CV added in hardware, and upside down.
inline constexpr bool kAdcInverted = true;
inline constexpr uint8_t kAdc[] = {15, 16, kNone, kNone, 21, 18, kNone, kNone};
inline constexpr uint8_t kLeds[] = {kNone, kNone, kNone, kNone};
inline constexpr uint8_t kButton = 0;  // the encoder's
inline constexpr uint8_t kGate = 20;   // gate in 1

}  // namespace gritspace::pins

#else

#include "generated/pins.h"

namespace gritspace::pins {

inline constexpr char kBoard[] = "daisy_seed";
inline constexpr bool kAdcInverted = false;

}  // namespace gritspace::pins

#endif
