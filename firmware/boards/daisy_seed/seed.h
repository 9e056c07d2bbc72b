// SPDX-License-Identifier: MIT
// libDaisy's Daisy Seed, of which there is one.
#pragma once

#include "daisy_seed.h"

namespace gritspace {

extern daisy::DaisySeed seed;

// By its number on the Seed: n stands for Dn.
inline daisy::Pin PinOf(uint8_t number) { return daisy::DaisySeed::GetPin(number); }

}  // namespace gritspace
