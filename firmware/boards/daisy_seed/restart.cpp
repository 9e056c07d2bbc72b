// SPDX-License-Identifier: MIT
// The reset's flags, a word that outlives it, and the fault's handler. See restart.h.
#include "boards/daisy_seed/restart.h"

#include <cstdint>
#include <cstring>

#include "boards/board.h"
#include "boards/daisy_seed/audio.h"
#include "boards/daisy_seed/computer.h"

extern "C" const uint32_t g_pfnVectors[0xA6];  // of libDaisy's start-up code

namespace gritspace {
namespace {

constexpr uint32_t kFaultMark = 0x67726974;  // "grit": RAM holds anything at power-up

[[gnu::section(".noinit")]] volatile uint32_t mark;
alignas(1024) uint32_t vectors[0xA6];  // a power of two and no less than the table: Armv7-M B3.2.5
protocol::Fault last_fault{};

// Silence, and the board starts anew.
[[noreturn]] void OnFault() {
  audio::Mute();
  mark = kFaultMark;
  NVIC_SystemReset();
}

// libDaisy has a handler of its own, which stops at a breakpoint and cannot be replaced by name.
void TakeFaults() {
  std::memcpy(vectors, g_pfnVectors, sizeof(vectors));
  constexpr int kHardFault = 3, kUsageFault = 6;  // and between them MemManage, BusFault
  for (int fault = kHardFault; fault <= kUsageFault; ++fault) {
    vectors[fault] = reinterpret_cast<uintptr_t>(&OnFault) & 0xFFFFFFFFU;
  }
  SCB->VTOR = reinterpret_cast<uintptr_t>(vectors) & 0xFFFFFFFFU;
  __DSB();
}

protocol::Fault ReadResetFlags() {
  if ((RCC->RSR & RCC_RSR_IWDG1RSTF) != 0) return protocol::Fault::kRestartedByTheWatchdog;
  const bool by_software = (RCC->RSR & RCC_RSR_SFTRSTF) != 0;
  return by_software && mark == kFaultMark ? protocol::Fault::kProcessorFault
                                           : protocol::Fault::kNone;
}

}  // namespace

void restart::Begin() {
  last_fault = ReadResetFlags();
  mark = 0;
  RCC->RSR |= RCC_RSR_RMVF;
  TakeFaults();
}

protocol::Fault board::LastFault() { return last_fault; }

}  // namespace gritspace
