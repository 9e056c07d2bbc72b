// SPDX-License-Identifier: MIT
// Gains that move without a click: in a straight line through a block, and over many blocks along a
// smooth curve. Depends on filters.h.
#pragma once

#include <cstdint>

#include "core/filters.h"

namespace gritspace {

// From where the last block ended to where this one is to end. For use within one block.
class Ramp {
 public:
  // Audio thread.
  Ramp(float from, float to, int samples)
      : value_(from), step_((to - from) / static_cast<float>(samples)) {}

  // Audio thread. The gain of the next sample; that of the last one is `to`, but for rounding. A
  // gain that stays where it is stays so to the bit.
  float Next() { return value_ += step_; }

 private:
  float value_, step_;
};

// Comes and goes in a fixed time, without a corner at either end.
class Fade {
 public:
  // Gone, to begin with.
  void Init(float time_s, float block_rate_hz) {
    step_ = 1 / (time_s * block_rate_hz);
    position_ = 0;
    wait_blocks_ = 0;
  }

  // Audio thread. Gone at once, and not to come again for a while.
  void Drop(uint32_t wait_blocks) {
    position_ = 0;
    wait_blocks_ = wait_blocks;
  }

  // Audio thread. Whether the last block ended without it.
  bool gone() const { return position_ <= 0; }

  // Audio thread, once a block. The gain, 0..1, at the end of it.
  float Process(bool present) {
    if (wait_blocks_ > 0) {
      --wait_blocks_;
    } else {
      position_ = Clamped(position_ + (present ? step_ : -step_), 0, 1);
    }
    return SmoothStep(position_);
  }

 private:
  float step_ = 1;
  float position_ = 0;
  uint32_t wait_blocks_ = 0;
};

}  // namespace gritspace
