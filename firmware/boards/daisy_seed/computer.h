// SPDX-License-Identifier: MIT
// The computer that the board carries, of which there is one: a Daisy Seed or a Patch SM, by
// libDaisy. They have the same processor and flash chip, and their classes the same `qspi` and
// `adc`; what differs is behind the same names in the two headers below.
#pragma once

#if GRITSPACE_PATCH_INIT
#include "boards/daisy_seed/patch_sm.h"
#else
#include "boards/daisy_seed/seed.h"
#endif

namespace gritspace {

extern Computer computer;

}  // namespace gritspace
