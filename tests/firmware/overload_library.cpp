// SPDX-License-Identifier: MIT
// core/overload.h for Python's ctypes: one guard, and names without C++ in them.
#include "core/overload.h"

namespace {
gritspace::OverloadGuard guard;
}  // namespace

extern "C" {

void init(uint32_t budget_cycles, float block_rate_hz) { guard.Init(budget_cycles, block_rate_hz); }

// Reports the same cycles for up to `blocks` blocks, while the guard stays as it is. Returns how
// many it took, the block of the change included.
uint32_t report(uint32_t cycles, uint32_t blocks) {
  const bool dry = guard.dry();
  uint32_t reported = 0;
  while (reported < blocks && guard.dry() == dry) {
    guard.Report(cycles);
    ++reported;
  }
  return reported;
}

bool dry() { return guard.dry(); }
uint32_t budget_cycles() { return guard.budget_cycles(); }
uint32_t mean_cycles() { return guard.mean_cycles(); }
uint32_t worst_cycles() { return guard.worst_cycles(); }
uint32_t overloads() { return guard.overloads(); }

}  // extern "C"
