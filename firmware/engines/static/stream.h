// SPDX-License-Identifier: MIT
// Where the residual stream lives: each layer's input, its past before its block, as pairs of
// channels at pairs of times. Depends on core/simd.h; computes nothing.
#pragma once

#include <cstdint>

#include "core/simd.h"

namespace gritspace {

// Rows are samples in time. Row r, channels 2c and 2c + 1 share word (r / 2) * kChannels + 2c + r %
// 2, so that one double load gives the same two channels at two times:
//
//   | r0 c0 c1 | r1 c0 c1 | r0 c2 c3 | r1 c2 c3 | ... | r2 c0 c1 | r3 c0 c1 | ...
//
// kChannels is even. The past is rounded up to even rows, or the block would begin inside a pair;
// an odd block computes one row more than it needs, which the next block overwrites.
template <int kChannels, int kHistory, int kBlockSize>
class Stream {
 public:
  static constexpr int kPastRows = (kHistory + 1) / 2 * 2;
  static constexpr int kBlockPairs = (kBlockSize + 1) / 2;

  uint32_t* block() { return words_ + kPastRows / 2 * kChannels; }
  const uint32_t* block() const { return words_ + kPastRows / 2 * kChannels; }

  void Reset() {
    for (uint32_t& word : words_) word = 0;
  }

  // Audio thread. After a block: its newest rows become the next one's past.
  void Advance() {
    if constexpr (kBlockSize % 2 == 0) {
      constexpr int kPastWords = kPastRows / 2 * kChannels;
      constexpr int kBlockWords = kBlockSize / 2 * kChannels;
#pragma GCC unroll 8
      for (int i = 0; i < kPastWords; ++i) words_[i] = words_[i + kBlockWords];
    } else {
      for (int row = 0; row < kPastRows; ++row) {
        for (int channel = 0; channel < kChannels; channel += 2) {
          words_[WordOf(row, channel)] = words_[WordOf(row + kBlockSize, channel)];
        }
      }
    }
  }

  // The last block's integer; good until the next block, Advance included.
  int16_t At(int row, int channel) const {
    const uint32_t word = words_[WordOf(row + kPastRows, channel)];
    return static_cast<int16_t>(channel % 2 == 0 ? Bottom(word) : Top(word));
  }

 private:
  static constexpr int WordOf(int row, int channel) {
    return row / 2 * kChannels + channel / 2 * 2 + row % 2;
  }

  alignas(8) uint32_t words_[(kPastRows / 2 + kBlockPairs) * kChannels];
};

}  // namespace gritspace
