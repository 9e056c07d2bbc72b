// SPDX-License-Identifier: MIT
// What a board reads from the panel and shows on it, once a block: ADC codes and switch levels in,
// brightness out. Only data; controls.h gives it meaning.
#pragma once

#include <cstdint>

#include "generated/protocol.h"

namespace gritspace {

inline constexpr int kLeds = 4;

struct PanelInput {
  uint16_t adc[protocol::kAdcChannels];  // 0..65535, in the order of protocol::AdcChannel
  bool gate;                             // high
  bool button;                           // down
};

struct PanelOutput {
  uint8_t led[kLeds];  // PWM, 255 is full; X, Y, clip, on
};

}  // namespace gritspace
