// SPDX-License-Identifier: MIT
// ADC by DMA, lights by the PWM of TIM4. See panel.h.
#include "boards/daisy_seed/panel.h"

#include <cstdint>

#include "boards/board.h"
#include "boards/daisy_seed/seed.h"
#include "generated/pins.h"

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

// TIM4's outputs (STM32H750's data sheet, alternate function 2): PB6 to PB9.
PWMHandle::Channel& ChannelOf(uint8_t pin) {
  switch (pin) {
    case 13:
      return pwm.Channel1();
    case 14:
      return pwm.Channel2();
    case 11:
      return pwm.Channel3();
    default:
      return pwm.Channel4();
  }
}
static_assert(pins::kLeds[0] == 11 && pins::kLeds[1] == 12 && pins::kLeds[2] == 13 &&
              pins::kLeds[3] == 14);

}  // namespace

// 32 conversions make a code: 8 channels are read anew 2,000 times a second and more.
void panel::Start() {
  daisy::AdcChannelConfig channels[protocol::kAdcChannels];
  for (int i = 0; i < protocol::kAdcChannels; ++i) channels[i].InitSingle(PinOf(pins::kAdc[i]));
  adc.Init(channels, protocol::kAdcChannels, AdcHandle::OVS_32);
  adc.Start();
  button.Init(PinOf(pins::kButton), GPIO::Mode::INPUT, GPIO::Pull::PULLUP);
  gate.Init(PinOf(pins::kGate), GPIO::Mode::INPUT, GPIO::Pull::PULLUP);
  pwm.Init(PWMHandle::Config(PWMHandle::Config::Peripheral::TIM_4));
  for (const uint8_t pin : pins::kLeds) {
    ChannelOf(pin).Init(PWMHandle::Channel::Config(PinOf(pin)));
    ChannelOf(pin).Set(0.0F);
  }
}

// Audio thread.
PanelInput board::ReadPanel() {
  PanelInput input{};
  for (int i = 0; i < protocol::kAdcChannels; ++i) input.adc[i] = adc.Get(static_cast<uint8_t>(i));
  input.button = !button.Read();
  input.gate = !gate.Read();
  return input;
}

// Audio thread.
void board::Show(const PanelOutput& lights) {
  for (int i = 0; i < kLeds; ++i) {
    ChannelOf(pins::kLeds[i]).Set(static_cast<float>(lights.led[i]) * (1.0F / 255.0F));
  }
}

}  // namespace gritspace
