// SPDX-License-Identifier: MIT
// The CMSDK's watchdog: the first time it runs down it interrupts, the second time it resets the
// machine. See watchdog.h.
#include "boards/qemu_m7/watchdog.h"

#include <cstdint>

#include "boards/board.h"
#include "boards/qemu_m7/registers.h"

extern volatile uint32_t _start_mark[];  // of firmware/platformio/ldscripts/mps2_an500.ld

namespace gritspace {
namespace {

constexpr uint32_t kHasStarted = 0x5713C4ED;

// Twice this until the reset. More than a module would have: a busy machine may keep QEMU waiting.
constexpr uint32_t kPatienceCycles = kPeripheralClockHz;

bool was_stuck = false;

}  // namespace

// RAM is zero at power-up and the mark outlives a reset, of which this machine has no other cause.
void watchdog::Start() {
  was_stuck = *_start_mark == kHasStarted;
  *_start_mark = kHasStarted;
  TheWatchdog().load = kPatienceCycles;
  TheWatchdog().control = Watchdog::kInterrupt | Watchdog::kReset;
}

bool board::WasStuck() { return was_stuck; }

void board::FeedWatchdog() { TheWatchdog().interrupt_clear = 1; }

}  // namespace gritspace

// What is stuck may still come loose before the second time.
void WatchdogInterrupt() {}
