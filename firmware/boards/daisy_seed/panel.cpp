// SPDX-License-Identifier: MIT
// ADC by DMA, lights by the PWM of TIM4. See panel.h.
#include "boards/daisy_seed/panel.h"

#include <cstdint>

#include "boards/board.h"
#include "boards/daisy_seed/board_pins.h"
#include "boards/daisy_seed/seed.h"
#include "boards/panel_at_rest.h"

namespace gritspace {
namespace {

using daisy::AdcHandle;
using daisy::GPIO;
using daisy::PWMHandle;

static_assert(sizeof(pins::kAdc) == protocol::kAdcChannels);
static_assert(sizeof(pins::kLeds) == kLeds);

AdcHandle adc;
GPIO button, gate;
PWMHandle pwm;
PanelInput at_rest;

// TIM4's outputs (STM32H750's data sheet, alternate function 2): PB6 to PB9.
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

// 32 conversions make a code: 8 channels are read anew 2,000 times a second and more.
void panel::Start() {
  at_rest = PanelAtRest();
  daisy::AdcChannelConfig channels[protocol::kAdcChannels];
  size_t count = 0;
  for (const uint8_t pin : pins::kAdc) {
    if (pin != pins::kNone) channels[count++].InitSingle(PinOf(pin));
  }
  adc.Init(channels, count, AdcHandle::OVS_32);
  adc.Start();
  button.Init(PinOf(pins::kButton), GPIO::Mode::INPUT, GPIO::Pull::PULLUP);
  gate.Init(PinOf(pins::kGate), GPIO::Mode::INPUT, GPIO::Pull::PULLUP);
  pwm.Init(PWMHandle::Config(PWMHandle::Config::Peripheral::TIM_4));
  for (const uint8_t pin : pins::kLeds) {
    PWMHandle::Channel* const channel = ChannelOf(pin);
    if (channel == nullptr) continue;
    channel->Init(PWMHandle::Channel::Config(PinOf(pin)));
    channel->Set(0.0F);
  }
}

// Audio thread.
PanelInput board::ReadPanel() {
  PanelInput input = at_rest;
  uint8_t channel = 0;
  for (int i = 0; i < protocol::kAdcChannels; ++i) {
    if (pins::kAdc[i] == pins::kNone) continue;
    const uint16_t code = adc.Get(channel++);
    input.adc[i] = pins::kAdcInverted ? static_cast<uint16_t>(~code) : code;
  }
  input.button = !button.Read();
  input.gate = !gate.Read();
  return input;
}

// Audio thread.
void board::Show(const PanelOutput& lights) {
  for (int i = 0; i < kLeds; ++i) {
    PWMHandle::Channel* const channel = ChannelOf(pins::kLeds[i]);
    if (channel != nullptr) channel->Set(static_cast<float>(lights.led[i]) * (1.0F / 255.0F));
  }
}

}  // namespace gritspace
