// SPDX-License-Identifier: MIT
// The Patch SM. Its Init starts more than a Seed's: the ADC with all twelve channels, each code of
// 32 conversions, and the DAC, which an interrupt fills twice in a millisecond. See computer.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "daisy_patch_sm.h"

namespace gritspace {

class Computer : public daisy::patch_sm::DaisyPatchSM {
 public:
  void Start() { Init(); }  // 480 MHz: it knows no other

  // Init keeps its handle to itself. Of each SAI there is one behind all handles; the words are
  // those of Init, for this writes its registers once more. The codec stays as it is.
  static daisy::SaiHandle Sai() {
    using Config = daisy::SaiHandle::Config;
    Config config;
    config.periph = Config::Peripheral::SAI_1;
    config.sr = Config::SampleRate::SAI_48KHZ;
    config.bit_depth = Config::BitDepth::SAI_24BIT;
    config.a_sync = Config::Sync::MASTER;
    config.b_sync = Config::Sync::SLAVE;
    config.a_dir = Config::Direction::RECEIVE;
    config.b_dir = Config::Direction::TRANSMIT;
    config.pin_config.fs = daisy::Pin(daisy::PORTE, 4);
    config.pin_config.mclk = daisy::Pin(daisy::PORTE, 2);
    config.pin_config.sck = daisy::Pin(daisy::PORTE, 5);
    config.pin_config.sa = daisy::Pin(daisy::PORTE, 6);
    config.pin_config.sb = daisy::Pin(daisy::PORTE, 3);
    daisy::SaiHandle sai;
    sai.Init(config);
    return sai;
  }

  // 0xB7 stands for B7, 0xBA for B10.
  daisy::Pin PinOf(uint8_t number) {
    return GetPin(static_cast<PinBank>((number >> 4) - 0xA), number & 0xF);
  }

  // n stands for CV_n. By libDaisy's numbers, not by pins: behind the jacks CV_5 to CV_8 Init has
  // others than the header's names C6 to C9 say, and users measured the ones that Init has
  // (github.com/zlosynth/daisy/issues/1).
  void OpenAdc(const uint8_t* numbers, size_t count) {
    for (size_t i = 0; i < count; ++i) {
      channels_[i] = static_cast<uint8_t>(daisy::patch_sm::CV_1 + numbers[i] - 1);
    }
  }

  // Of the channel that came `index` numbers after the first one.
  uint16_t CodeOf(size_t index) const { return adc.Get(channels_[index]); }

  // The light of patch.init() there is dark below 1.5 V and hardly brighter above 2.8 V (measured
  // on one, github.com/apbianco/patch.init, util/led.h).
  void LightCvOut2(float brightness) {
    WriteCvOut(daisy::patch_sm::CV_OUT_2, brightness > 0 ? 1.5F + 1.3F * brightness : 0);
  }

 private:
  uint8_t channels_[daisy::patch_sm::ADC_LAST] = {};
};

}  // namespace gritspace
