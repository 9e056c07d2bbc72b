// SPDX-License-Identifier: MIT
// The CMSDK's watchdog: the first time it runs down it interrupts, the second time it resets the
// machine. See watchdog.h.
#include "boards/qemu_m7/watchdog.h"

#include <cstdint>

#include "boards/board.h"
#include "boards/qemu_m7/codec.h"
#include "boards/qemu_m7/registers.h"

namespace gritspace {
namespace {

// Twice this until the reset. More than a module would have: a busy machine may keep QEMU waiting.
constexpr uint32_t kPatienceCycles = kPeripheralClockHz;

}  // namespace

void watchdog::Start() {
  TheWatchdog().load = kPatienceCycles;
  TheWatchdog().control = Watchdog::kInterrupt | Watchdog::kReset;
}

// What was stuck may have come loose before the second time.
void board::FeedWatchdog() {
  TheWatchdog().interrupt_clear = 1;
  codec::Mute(false);
}

}  // namespace gritspace

// Not masked by anything: it comes even when the audio thread is stuck.
void WatchdogInterrupt() { gritspace::codec::Mute(true); }
