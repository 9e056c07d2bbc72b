// SPDX-License-Identifier: MIT
// What the codec of a board without jacks hears: a plucked sawtooth, once a second. Depends on
// core/codec.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/codec.h"

namespace gritspace {

class TestTone {
 public:
  void Init(uint32_t sample_rate_hz) {
    sample_rate_hz_ = sample_rate_hz;
    phase_step_ = static_cast<uint32_t>((uint64_t{kPitchHz} << 32) / sample_rate_hz);
  }

  // Audio thread. The next samples of the codec.
  void Fill(int32_t* samples, size_t count) {
    for (size_t i = 0; i < count; ++i) samples[i] = Next();
  }

 private:
  static constexpr uint32_t kPitchHz = 110;
  static constexpr int32_t kLoudest = kCodecFullScale / 4;
  static constexpr int32_t kDecaySamples = 8192;  // to 1/e

  int32_t Next() {
    if (until_pluck_ == 0) {
      until_pluck_ = sample_rate_hz_;
      level_ = kLoudest;
      phase_ = 0;
    }
    --until_pluck_;
    level_ -= level_ / kDecaySamples;
    phase_ += phase_step_;
    const int64_t saw = static_cast<int32_t>(phase_);  // -2^31..2^31
    return static_cast<int32_t>(saw * level_ / (int64_t{1} << 31));
  }

  uint32_t sample_rate_hz_ = 0;
  uint32_t phase_step_ = 0;
  uint32_t phase_ = 0;        // 2^32 is a whole turn
  uint32_t until_pluck_ = 0;  // samples
  int32_t level_ = 0;
};

}  // namespace gritspace
