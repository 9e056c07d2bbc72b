// SPDX-License-Identifier: MIT
// The Daisy Seed. See computer.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "daisy_seed.h"

namespace gritspace {

class Computer : public daisy::DaisySeed {
 public:
  void Start() { Init(true); }  // 480 MHz

  daisy::SaiHandle Sai() const { return AudioSaiHandle(); }

  // n stands for Dn.
  static daisy::Pin PinOf(uint8_t number) { return GetPin(number); }

  // 32 conversions make a code: 8 channels are read anew 2,000 times a second and more.
  void OpenAdc(const uint8_t* numbers, size_t count) {
    constexpr size_t kMostChannels = 8;
    daisy::AdcChannelConfig channels[kMostChannels];
    for (size_t i = 0; i < count; ++i) channels[i].InitSingle(PinOf(numbers[i]));
    adc.Init(channels, count, daisy::AdcHandle::OVS_32);
    adc.Start();
  }

  // Of the channel that came `index` numbers after the first one.
  uint16_t CodeOf(size_t index) const { return adc.Get(static_cast<uint8_t>(index)); }

  void LightCvOut2(float /*brightness*/) {}  // it has none
};

}  // namespace gritspace
