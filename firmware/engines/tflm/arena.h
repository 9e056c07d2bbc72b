// SPDX-License-Identifier: MIT
// What the interpreter of a scheme uses of its arena, for who asks what a decoder costs.
#pragma once

#include <cstdint>

#include "core/decoder.h"

namespace gritspace::decoder {

// Bytes; 0 for a scheme that is not there.
uint32_t ArenaBytes(Scheme scheme);

}  // namespace gritspace::decoder
