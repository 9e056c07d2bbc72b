// SPDX-License-Identifier: MIT
// From reset to main on QEMU's Cortex-M7: the FPU and its mode, memory, constructors, the vectors.
// Symbols come from firmware/platformio/ldscripts/mps2_an500.ld.
#include <cstdint>

#include "boards/board.h"
#include "boards/qemu_m7/codec.h"
#include "boards/qemu_m7/jobs.h"
#include "boards/qemu_m7/registers.h"
#include "boards/qemu_m7/restart.h"
#include "boards/qemu_m7/semihosting.h"
#include "boards/qemu_m7/serial.h"
#include "boards/qemu_m7/watchdog.h"

extern "C" {

using Handler = void (*)();

extern uint32_t _stack_top[], _data_load[], _data_start[], _data_end[], _bss_start[], _bss_end[];
extern Handler __preinit_array_start[], __preinit_array_end[];
extern Handler __init_array_start[], __init_array_end[];

int main();

[[noreturn, gnu::used]] void StartProgram() {
  const uint32_t* from = _data_load;
  for (uint32_t* to = _data_start; to != _data_end;) *to++ = *from++;
  for (uint32_t* to = _bss_start; to != _bss_end;) *to++ = 0;
  for (Handler* handler = __preinit_array_start; handler != __preinit_array_end;) (*handler++)();
  for (Handler* handler = __init_array_start; handler != __init_array_end;) (*handler++)();
  gritspace::semihosting::Exit(main());
}

[[noreturn, gnu::naked, gnu::used]] void Reset_Handler() {
  __asm__ volatile(
      "ldr  r0, =0xE000ED88  \n"  // CPACR: full access to coprocessors 10 and 11, the FPU
      "ldr  r1, [r0]         \n"
      "orr  r1, r1, #0xF00000\n"
      "str  r1, [r0]         \n"
      "dsb                   \n"
      "isb                   \n"
      "mov  r1, #0x1000000   \n"  // FZ: denormals flush to zero, now and (FPDSCR) in handlers
      "vmsr fpscr, r1        \n"
      "ldr  r0, =0xE000EF3C  \n"
      "str  r1, [r0]         \n"
      "b    StartProgram     \n"
      ".ltorg                \n");
}

// A fault: silence, while DMA goes on, and the board starts anew. A job that ends so a second time
// is no use: it ends QEMU with 128 + the exception's number (131: HardFault).
[[noreturn, gnu::used]] void UnexpectedHandler() {
  constexpr auto kFault = gritspace::protocol::Fault::kProcessorFault;
  gritspace::codec::Mute(true);
  for (int half = 0; half < 2; ++half) gritspace::codec::EndPeriod();
  if (gritspace::HasJob() && gritspace::board::LastFault() == kFault) {
    gritspace::semihosting::Exit(128 + gritspace::ActiveException());
  }
  gritspace::restart::Now(kFault);
}

// Armv7-M B1.5.3: stack, reset, the system's exceptions; then the machine's interrupts, as far as
// they are used.
[[gnu::section(".isr_vector"), gnu::used]] const Handler kVectors[] = {
    reinterpret_cast<Handler>(_stack_top),
    Reset_Handler,
    WatchdogInterrupt,  // NMI
    UnexpectedHandler,  // HardFault
    UnexpectedHandler,  // MemManage
    UnexpectedHandler,  // BusFault
    UnexpectedHandler,  // UsageFault
    nullptr,
    nullptr,
    nullptr,
    nullptr,
    UnexpectedHandler,  // SVCall
    UnexpectedHandler,  // DebugMonitor
    nullptr,
    CodecInterrupt,     // PendSV
    UnexpectedHandler,  // SysTick
    SerialInterrupt,    // 0: UART0's receiver
    UnexpectedHandler,
    UnexpectedHandler,
    UnexpectedHandler,
    UnexpectedHandler,
    UnexpectedHandler,
    UnexpectedHandler,
    UnexpectedHandler,
    DmaInterrupt,  // 8: TIMER0
};

}  // extern "C"
