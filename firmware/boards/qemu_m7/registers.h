// SPDX-License-Identifier: MIT
// The peripherals of QEMU's mps2-an500 that the board uses, and where they are. Sources: Arm
// Cortex-M System Design Kit r1p1 (DDI 0479), Application Note AN500, Armv7-M Architecture
// Reference Manual B3.4.
#pragma once

#include <cstdint>

namespace gritspace {

inline constexpr uint32_t kPeripheralClockHz = 25'000'000;

struct Timer {
  static constexpr uint32_t kEnable = 1, kInterrupt = 8;  // control
  volatile uint32_t control, value, reload, interrupt;    // counts down; 1 to `interrupt` clears it
};

struct Uart {
  static constexpr uint32_t kTransmitFull = 1, kReceiveFull = 2;                 // state
  static constexpr uint32_t kTransmit = 1, kReceive = 2, kReceiveInterrupt = 8;  // control
  static constexpr uint32_t kReceiveInterruptFlag = 2;                           // interrupt
  volatile uint32_t data, state, control, interrupt, baud_divisor;
};

struct Watchdog {
  static constexpr uint32_t kInterrupt = 1, kReset = 2;  // control
  volatile uint32_t load, value, control, interrupt_clear;
};

inline Timer& Timer0() { return *reinterpret_cast<Timer*>(0x40000000); }
inline Timer& Timer1() { return *reinterpret_cast<Timer*>(0x40001000); }
inline Uart& Uart0() { return *reinterpret_cast<Uart*>(0x40004000); }
inline Watchdog& TheWatchdog() { return *reinterpret_cast<Watchdog*>(0x40008000); }

enum class Interrupt : int { kUart0Receive = 0, kTimer0 = 8 };

// Unmasks it; a lower priority interrupts a higher one.
inline void Enable(Interrupt interrupt, uint8_t priority) {
  const int number = static_cast<int>(interrupt);
  reinterpret_cast<volatile uint8_t*>(0xE000E400)[number] = priority;
  *reinterpret_cast<volatile uint32_t*>(0xE000E100) = 1U << number;
}

// The exception that the firmware raises for itself (Armv7-M B3.2.4, B3.2.12).
inline void SetPriorityOfPendSv(uint8_t priority) {
  *reinterpret_cast<volatile uint8_t*>(0xE000ED22) = priority;
}
inline void PendSv() { *reinterpret_cast<volatile uint32_t*>(0xE000ED04) = 1U << 28; }

// The number of the exception that runs.
inline int32_t ActiveException() {
  return static_cast<int32_t>(*reinterpret_cast<volatile uint32_t*>(0xE000ED04) & 0x1FF);
}

}  // namespace gritspace
