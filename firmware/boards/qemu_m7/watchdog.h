// SPDX-License-Identifier: MIT
// The watchdog of QEMU's board: it mutes what is stuck, then starts it anew.
#pragma once

namespace gritspace::watchdog {

void Start();

}  // namespace gritspace::watchdog

extern "C" void WatchdogInterrupt();
