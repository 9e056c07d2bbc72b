// SPDX-License-Identifier: MIT
// QEMU's Cortex-M7 machine (mps2-an500): UART0 as the serial line, bulk work through semihosting.
// Registers: Arm Cortex-M System Design Kit r1p1, APB UART; Armv7-M Architecture Reference Manual.
#include "boards/board.h"

#include "boards/qemu_m7/bulk.h"

namespace gritspace::board {
namespace {

struct Uart {
  volatile uint32_t data, state, control, interrupt, baud_divisor;
};

constexpr uint32_t kTransmitFull = 1, kReceiveFull = 2;                 // state
constexpr uint32_t kTransmit = 1, kReceive = 2, kReceiveInterrupt = 8;  // control
constexpr uint32_t kReceiveInterruptFlag = 2;                           // interrupt
constexpr uintptr_t kNvicSetEnable = 0xE000E100, kNvicClearPending = 0xE000E280;
constexpr uint32_t kUartReceiveLine = 1U << 0;  // interrupt 0 is UART0's receiver

Uart& Uart0() { return *reinterpret_cast<Uart*>(0x40004000); }

void WriteRegister(uintptr_t address, uint32_t value) {
  *reinterpret_cast<volatile uint32_t*>(address) = value;
}

}  // namespace

const char* const kName = "qemu_m7";

// Interrupts stay masked: the receiver's only wakes the core from WFI. Waiting so leaves QEMU's own
// loop free, which halves the time a byte takes against polling (26 kB/s instead of 14).
void Init() {
  RunBulkAndExitIfAsked();
  __asm__ volatile("cpsid i" ::: "memory");
  Uart0().baud_divisor = 16;  // the least the hardware allows; QEMU sends at once
  WriteRegister(kNvicSetEnable, kUartReceiveLine);
  Uart0().control = kTransmit | kReceive | kReceiveInterrupt;
}

bool Read(uint8_t* byte) {
  if ((Uart0().state & kReceiveFull) == 0) return false;
  *byte = static_cast<uint8_t>(Uart0().data);
  Uart0().interrupt = kReceiveInterruptFlag;
  WriteRegister(kNvicClearPending, kUartReceiveLine);
  return true;
}

void Write(const uint8_t* bytes, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    while ((Uart0().state & kTransmitFull) != 0) {
    }
    Uart0().data = bytes[i];
  }
}

void Wait() { __asm__ volatile("wfi" ::: "memory"); }

}  // namespace gritspace::board
