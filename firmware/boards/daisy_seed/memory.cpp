// SPDX-License-Identifier: MIT
// Fills the fast memories before any constructor runs; libDaisy's start-up code knows only SRAM.
// Symbols come from firmware/platformio/ldscripts/daisy_seed.ld.
#include <cstdint>

#include "boards/daisy_seed/computer.h"

extern "C" {
extern uint32_t _hot_code_load[], _hot_code_start[], _hot_code_end[];
extern uint32_t _hot_state_start[], _hot_state_end[];
}

namespace gritspace {
namespace {

void FillFastMemories() {
  const uint32_t* from = _hot_code_load;
  for (uint32_t* to = _hot_code_start; to != _hot_code_end;) *to++ = *from++;
  for (uint32_t* to = _hot_state_start; to != _hot_state_end;) *to++ = 0;
  __DSB();
  __ISB();
}

}  // namespace
}  // namespace gritspace

[[gnu::section(".preinit_array"),
  gnu::used]] static void (*const kFill)() = gritspace::FillFastMemories;
