// SPDX-License-Identifier: MIT
// Which board the computer sits on, and on which of its pins the panel is: our own, whose pins come
// from hardware/pins.toml, or one of Electrosmith's. Their knobs and jacks are brought to the codes
// that our circuits give, so that the factory's settings are right for every board.
#pragma once

#include <cstdint>

namespace gritspace::pins {

// In place of a number: the panel has no such part, and it is read as at rest, or as a pot that is
// turned fully right; a light that is a voltage at the jack CV OUT 2.
inline constexpr uint8_t kNone = 255, kFullyRight = 254, kCvOut2 = 253;

// The ADC's codes where ours would be 0 and 65535. May lie beyond what it can give.
struct Range {
  float first, last;
};
inline constexpr Range kAsItIs{0, 65535}, kUpsideDown{65535, 0};

}  // namespace gritspace::pins

#if GRITSPACE_PATCH

namespace gritspace::pins {

inline constexpr char kBoard[] = "daisy_patch";

// CTRL 1 to 4 are x, y, level and mix, each with its CV added in hardware, and upside down.
inline constexpr uint8_t kAdc[] = {15, 16, kNone, kNone, 21, 18, kNone, kNone};
inline constexpr Range kPotRange = kUpsideDown, kCvRange = kAsItIs;
inline constexpr uint8_t kLeds[] = {kNone, kNone, kNone, kNone};
inline constexpr uint8_t kButton = 0;  // the encoder's
inline constexpr uint8_t kGate = 20;   // gate in 1

}  // namespace gritspace::pins

#elif GRITSPACE_PATCH_INIT

namespace gritspace::pins {

inline constexpr char kBoard[] = "patch_init";

// Each of the Patch SM's inputs takes -5 V to 5 V and turns them upside down (libDaisy's
// AnalogControl::InitBipolarCv). 0 V should be 32768; on the only module whose figures we know the
// four knobs at their left ends are 33181 to 33404 (github.com/apbianco/patch.init, util/knobs.h).
constexpr float CodeAt(float volts) { return 33280 - 6553.6F * volts; }

// Knobs give 0 V to 5 V. Each end is taken 0.1 V early, for an input may be off by that.
inline constexpr Range kPotRange{CodeAt(0.1F), CodeAt(4.9F)};

// Our CV inputs make 1.667 V - 0.3 CV, of which the ADC sees 0 V to 3.3 V.
inline constexpr Range kCvRange{CodeAt(1.667F / 0.3F), CodeAt((1.667F - 3.3F) / 0.3F)};

// The knobs, then the first two jacks of CV; without attenuverters 5 V go from the middle of the
// map to its edge.
inline constexpr uint8_t kAdc[] = {1, 2, kFullyRight, kFullyRight, 3, 4, 5, 6};
inline constexpr uint8_t kLeds[] = {kNone, kNone, kNone, kCvOut2};
inline constexpr uint8_t kButton = 0xB7;  // the toggle, B8, has nothing to do
inline constexpr uint8_t kGate = 0xBA;    // gate in 1, by a transistor on the Patch SM

}  // namespace gritspace::pins

#else

#include "generated/pins.h"

namespace gritspace::pins {

inline constexpr char kBoard[] = "daisy_seed";
inline constexpr Range kPotRange = kAsItIs, kCvRange = kAsItIs;

}  // namespace gritspace::pins

#endif
