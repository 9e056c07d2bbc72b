// SPDX-License-Identifier: MIT
// What the firmware needs of a board; each folder beside this file implements it once, and the
// build picks the folder. Nothing here allocates.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gritspace::board {

extern const char* const kName;  // as PlatformIO's environment is called

// Clocks, floating-point mode (denormals flush to zero), serial line. Before everything else.
void Init();

// The next byte of the serial line; false when none has arrived.
bool Read(uint8_t* byte);

// Sends the bytes; returns when the line has taken them.
void Write(const uint8_t* bytes, size_t count);

// Sleeps until something may have arrived.
void Wait();

}  // namespace gritspace::board
