// SPDX-License-Identifier: MIT
// Follows how loud wet is next to dry while they play, and makes it as loud. The loudness map knows
// each place, but was measured with one sound; what is played is another. Slow and bounded, so that
// it levels the kind of sound and leaves notes and phrases their dynamics. Depends on filters.h.
#pragma once

#include "core/filters.h"

namespace gritspace {

// Sound as the ear weighs it, by ITU-R BS.1770-5: its high-pass, which is two equal ones after each
// other, and its shelf, by one pole instead of two.
class EarWeighting {
 public:
  void Init(float sample_rate_hz);
  void Reset();
  float Process(float x) {
    const float flat = second_.Process(first_.Process(x));
    return flat + kShelf * treble_.Process(flat);
  }
  void EndBlock();

 private:
  // 4 dB more of what is above 2 kHz; the high-pass itself passes a tenth more at the top.
  static constexpr float kShelf = 0.514F;
  DcBlocker first_, second_, treble_;  // all are high-passes of one pole
};

class LoudnessMatch {
 public:
  void Init(float sample_rate_hz, int block_size);
  void Reset();  // a gain of 1, and nothing heard yet

  // Audio thread. Hears a block of either, which are in time; wet will be heard at `wet_gain` and
  // dry at `dry_gain`.
  void Listen(const float* dry, float dry_gain, const float* wet, float wet_gain);

  // On top of `wet_gain`; moves by 4 dB a second at most.
  float gain() const { return gain_; }

 private:
  int block_size_ = 1;
  float step_ = 0;  // of the gain in a block
  EarWeighting dry_ear_, wet_ear_;
  OnePole dry_energy_, wet_energy_;  // averages of blocks
  float gain_ = 1;
};

}  // namespace gritspace
