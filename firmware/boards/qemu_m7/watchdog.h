// SPDX-License-Identifier: MIT
// The watchdog of QEMU's board, and how the board knows after the restart whose doing it was.
#pragma once

namespace gritspace::watchdog {

void Start();

}  // namespace gritspace::watchdog

extern "C" void WatchdogInterrupt();
