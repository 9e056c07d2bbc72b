// SPDX-License-Identifier: MIT
// What a board reads from the panel and shows on it, once a block: ADC codes and switch levels in,
// brightness out. Only data; controls.h gives it meaning.
#pragma once

#include <cstdint>
#include <cstring>

#include "generated/protocol.h"

namespace gritspace {

inline constexpr int kLeds = 4;

struct PanelInput {
  uint16_t adc[protocol::kAdcChannels];  // 0..65535, in the order of protocol::AdcChannel
  bool gate;                             // high
  bool button;                           // down
};

// Of a packet or a record with `adc` and `inputs`, protocol::kInput bits.
template <class Packet>
PanelInput PanelOf(const Packet& packet) {
  PanelInput panel{};
  static_assert(sizeof(panel.adc) == sizeof(packet.adc));
  std::memcpy(panel.adc, packet.adc, sizeof(panel.adc));
  panel.gate = (packet.inputs & protocol::kInputGate) != 0;
  panel.button = (packet.inputs & protocol::kInputButton) != 0;
  return panel;
}

struct PanelOutput {
  uint8_t led[kLeds];  // PWM, 255 is full; X, Y, clip, on
};

}  // namespace gritspace
