// SPDX-License-Identifier: MIT
// A word of RAM that outlives a reset. See restart.h.
#include "boards/qemu_m7/restart.h"

#include <cstdint>

#include "boards/board.h"

extern volatile uint32_t _start_mark[];  // of firmware/platformio/ldscripts/mps2_an500.ld

namespace gritspace {
namespace {

protocol::Fault last_fault{};

}  // namespace

// RAM is zero at power-up: no fault. A reset that nobody explains is the watchdog's: this machine
// has no other.
void restart::Begin() {
  last_fault = static_cast<protocol::Fault>(*_start_mark);
  *_start_mark = static_cast<uint32_t>(protocol::Fault::kRestartedByTheWatchdog);
}

void restart::Now(protocol::Fault why) {
  constexpr uint32_t kSystemReset = 0x05FA0004;  // AIRCR, Armv7-M B3.2.6
  *_start_mark = static_cast<uint32_t>(why);
  *reinterpret_cast<volatile uint32_t*>(0xE000ED0C) = kSystemReset;
  for (;;) {
  }
}

protocol::Fault board::LastFault() { return last_fault; }

}  // namespace gritspace
