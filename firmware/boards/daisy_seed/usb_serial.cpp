// SPDX-License-Identifier: MIT
// libDaisy's CDC and what it leaves to its user. See usb_serial.h.
#include "boards/daisy_seed/usb_serial.h"

#include <algorithm>
#include <cstring>

#include "boards/daisy_seed/computer.h"
#include "core/ring_buffer.h"
#include "usbd_def.h"

// Of libDaisy, in none of its headers.
extern "C" USBD_HandleTypeDef hUsbDeviceFS;
extern "C" PCD_HandleTypeDef hpcd_USB_OTG_FS;

namespace gritspace::usb_serial {
namespace {

using daisy::UsbHandle;

constexpr uint32_t kPriority = 4;  // before the audio thread's: it takes bytes, no more
constexpr uint32_t kPatienceMs = 100;
constexpr size_t kChunkBytes = 512;

UsbHandle usb;
RingBuffer<uint8_t, 4096> received;  // what the tools keep on their way is less

// Without room bytes are lost, as on any serial line, and with them a packet.
void Receive(uint8_t* bytes, uint32_t* count) {
  for (uint32_t i = 0; i < *count; ++i) received.Write(bytes[i]);
}

// libDaisy gates the clock of USB's PHY whenever the host suspends the bus, which many do a moment
// after they have found a device, and never lets it go on: no byte would pass until the next reset
// (github.com/electro-smith/libDaisy/issues/716, v8.1.0). Without the gate suspending costs some
// milliamperes, and resuming works.
void KeepPhyAwake() { __HAL_PCD_UNGATE_PHYCLOCK(&hpcd_USB_OTG_FS); }

// Before the host has configured the device libDaisy would read through a null pointer.
bool Connected() { return hUsbDeviceFS.dev_state == USBD_STATE_CONFIGURED; }

// The driver sends from where the bytes are: two chunks take turns, and when one is accepted the
// other is free.
bool Send(const uint8_t* bytes, size_t count) {
  static uint8_t chunks[2][kChunkBytes];
  static int turn = 0;
  uint8_t* const chunk = chunks[turn];
  std::memcpy(chunk, bytes, count);
  const uint32_t start = daisy::System::GetNow();
  while (Connected()) {
    if (usb.TransmitInternal(chunk, count) == UsbHandle::Result::OK) {
      turn = 1 - turn;
      return true;
    }
    if (daisy::System::GetNow() - start > kPatienceMs) return false;
    KeepPhyAwake();
  }
  return false;
}

}  // namespace

void Start() {
  usb.Init(UsbHandle::FS_INTERNAL);
  usb.SetReceiveCallback(Receive, UsbHandle::FS_INTERNAL);
  for (const IRQn_Type interrupt : {OTG_FS_IRQn, OTG_FS_EP1_IN_IRQn, OTG_FS_EP1_OUT_IRQn}) {
    NVIC_SetPriority(interrupt, kPriority);
  }
}

bool Read(uint8_t* byte) {
  KeepPhyAwake();
  return received.Read(byte);
}

bool HasByte() { return !received.empty(); }

void Write(const uint8_t* bytes, size_t count) {
  for (size_t sent = 0; sent < count;) {
    const size_t part = std::min(count - sent, kChunkBytes);
    if (!Send(bytes + sent, part)) return;
    sent += part;
  }
}

}  // namespace gritspace::usb_serial
