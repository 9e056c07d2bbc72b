// SPDX-License-Identifier: MIT
// UART0 and its receiver's interrupt. See serial.h.
#include "boards/qemu_m7/serial.h"

#include "boards/board.h"
#include "boards/qemu_m7/registers.h"
#include "core/ring_buffer.h"

namespace gritspace::serial {
namespace {

constexpr uint8_t kPriority = 0;
constexpr uint32_t kPatienceCycles = kPeripheralClockHz / 10;

RingBuffer<uint8_t, 4096> received;  // what the tools keep on their way is less

// False when nobody takes what is sent.
bool WaitForRoom() {
  const uint32_t start = board::Cycles();
  while ((Uart0().state & Uart::kTransmitFull) != 0) {
    if (board::Cycles() - start > kPatienceCycles) return false;
  }
  return true;
}

}  // namespace

void Start() {
  Uart0().baud_divisor = 16;  // the least the hardware allows; QEMU sends at once
  Uart0().control = Uart::kTransmit | Uart::kReceive | Uart::kReceiveInterrupt;
  Enable(Interrupt::kUart0Receive, kPriority);
}

bool Read(uint8_t* byte) { return received.Read(byte); }

// The rest of what nobody takes is dropped: the watchdog would take a main loop that waits for
// dead.
void Write(const uint8_t* bytes, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if ((Uart0().state & Uart::kTransmitFull) != 0 && !WaitForRoom()) return;
    Uart0().data = bytes[i];
  }
}

bool HasByte() { return !received.empty(); }

}  // namespace gritspace::serial

// The flag first: with the byte gone, the next may come at once. Without room a byte is lost, as in
// any UART, and with it the packet.
void SerialInterrupt() {
  gritspace::Uart& uart = gritspace::Uart0();
  uart.interrupt = gritspace::Uart::kReceiveInterruptFlag;
  gritspace::serial::received.Write(static_cast<uint8_t>(uart.data));
}
