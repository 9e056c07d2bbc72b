// SPDX-License-Identifier: MIT
// UART0, the serial line of QEMU's board: bytes come by interrupt, and go at once.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gritspace::serial {

void Start();
bool Read(uint8_t* byte);
void Write(const uint8_t* bytes, size_t count);

// Whether there is a byte to be read.
bool HasByte();

}  // namespace gritspace::serial

extern "C" void SerialInterrupt();
