// SPDX-License-Identifier: MIT
// The computer's USB socket as a serial line (CDC). Main loop only. It survives a host that
// suspends it, and one on which nobody has opened it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gritspace::usb_serial {

void Start();

bool Read(uint8_t* byte);
bool HasByte();

// Returns when the line has taken the bytes, or a tenth of a second after it took none: what nobody
// reads is dropped, for the watchdog would take a main loop that waits for dead.
void Write(const uint8_t* bytes, size_t count);

}  // namespace gritspace::usb_serial
