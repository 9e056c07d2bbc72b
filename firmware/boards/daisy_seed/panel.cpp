// SPDX-License-Identifier: MIT
// ADC by DMA, lights by the PWM of TIM4, one perhaps by a voltage. See panel.h.
#include "boards/daisy_seed/panel.h"

#include <cstdint>

#include "boards/board.h"
#include "boards/daisy_seed/board_pins.h"
#include "boards/daisy_seed/computer.h"
#include "boards/panel_at_rest.h"

namespace gritspace {
namespace {

using daisy::GPIO;
using daisy::PWMHandle;

static_assert(sizeof(pins::kAdc) == protocol::kAdcChannels);
static_assert(sizeof(pins::kLeds) == kLeds);

constexpr uint16_t kMostCode = 65535;

GPIO button, gate;
PWMHandle pwm;
PanelInput at_rest;

bool IsThere(uint8_t number) { return number != pins::kNone && number != pins::kFullyRight; }

// To what our own circuits give.
uint16_t Scaled(uint16_t code, const pins::Range& range) {
  const float scaled =
      (static_cast<float>(code) - range.first) * (kMostCode / (range.last - range.first));
  if (scaled <= 0) return 0;
  return scaled >= kMostCode ? kMostCode : static_cast<uint16_t>(scaled + 0.5F);
}

// TIM4's outputs (STM32H750's data sheet, alternate function 2): PB6 to PB9, on the Seed these.
PWMHandle::Channel* ChannelOf(uint8_t pin) {
  switch (pin) {
    case 13:
      return &pwm.Channel1();
    case 14:
      return &pwm.Channel2();
    case 11:
      return &pwm.Channel3();
    case 12:
      return &pwm.Channel4();
    default:
      return nullptr;
  }
}

}  // namespace

void panel::Start() {
  at_rest = PanelAtRest();
  uint8_t numbers[protocol::kAdcChannels];
  size_t count = 0;
  for (int i = 0; i < protocol::kAdcChannels; ++i) {
    if (IsThere(pins::kAdc[i])) numbers[count++] = pins::kAdc[i];
    if (pins::kAdc[i] == pins::kFullyRight) at_rest.adc[i] = kMostCode;
  }
  computer.OpenAdc(numbers, count);
  button.Init(computer.PinOf(pins::kButton), GPIO::Mode::INPUT, GPIO::Pull::PULLUP);
  gate.Init(computer.PinOf(pins::kGate), GPIO::Mode::INPUT, GPIO::Pull::PULLUP);
  pwm.Init(PWMHandle::Config(PWMHandle::Config::Peripheral::TIM_4));
  for (const uint8_t pin : pins::kLeds) {
    PWMHandle::Channel* const channel = ChannelOf(pin);
    if (channel == nullptr) continue;
    channel->Init(PWMHandle::Channel::Config(computer.PinOf(pin)));
    channel->Set(0.0F);
  }
}

// Audio thread.
PanelInput board::ReadPanel() {
  PanelInput input = at_rest;
  size_t channel = 0;
  for (int i = 0; i < protocol::kAdcChannels; ++i) {
    if (!IsThere(pins::kAdc[i])) continue;
    input.adc[i] =
        Scaled(computer.CodeOf(channel++), i < protocol::kPots ? pins::kPotRange : pins::kCvRange);
  }
  input.button = !button.Read();
  input.gate = !gate.Read();
  return input;
}

// Audio thread.
void board::Show(const PanelOutput& lights) {
  for (int i = 0; i < kLeds; ++i) {
    const float brightness = static_cast<float>(lights.led[i]) * (1.0F / 255.0F);
    PWMHandle::Channel* const channel = ChannelOf(pins::kLeds[i]);
    if (channel != nullptr) channel->Set(brightness);
    if (pins::kLeds[i] == pins::kCvOut2) computer.LightCvOut2(brightness);
  }
}

}  // namespace gritspace
