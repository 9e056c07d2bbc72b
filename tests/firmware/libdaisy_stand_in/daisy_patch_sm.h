// SPDX-License-Identifier: MIT
// STAND-IN for libDaisy's header of the Patch SM; see daisy_seed.h in this folder. A pin's number
// is 16 times its port and its place there.
#pragma once

#include "daisy_seed.h"

namespace daisy::patch_sm {

enum { CV_1 = 0, ADC_LAST = 12 };
enum { CV_OUT_2 = 2 };

struct DaisyPatchSM {
  enum class PinBank { A, B, C, D };
  Pin GetPin(PinBank bank, int pin) {
    if (bank == PinBank::B && pin == 7) return {PORTB, 8};
    if (bank == PinBank::B && pin == 10) return {PORTG, 13};
    return {PORTA, 0};
  }
  void Init() { stand_in.boosted = true; }
  void WriteCvOut(int channel, float volts) { stand_in.cv_out[channel] = volts; }
  QSPIHandle qspi;
  AdcHandle adc;
};

}  // namespace daisy::patch_sm
