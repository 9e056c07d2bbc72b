// SPDX-License-Identifier: MIT
// The decoder's small ends: the condition's convolutions on z, the input and the output
// convolution. Depends on requantize.h and stream.h; like layer.h, takes its numbers from generated
// types.
#pragma once

#include <cstdint>

#include "core/fixed_point.h"
#include "engines/static/requantize.h"

namespace gritspace {

// Audio thread, once a block. A 1x1 convolution by the book; integers less their zero points.
template <Scheme kScheme, class Conv>
void Condition(const int32_t* input, int32_t* output) {
  const int8_t* weights = Conv::kWeights;
  for (int out = 0; out < Conv::kOutputs; ++out) {
    int64_t accumulator = Conv::kBiases[out];
    for (int in = 0; in < Conv::kInputs; ++in) accumulator += int64_t{*weights++} * input[in];
    int32_t scaled;
    if constexpr (kScheme == Scheme::kInt8) {
      scaled =
          MultiplyByQuantizedMultiplier(static_cast<int32_t>(accumulator), Conv::kMultipliers[out]);
    } else {
      scaled = MultiplyByQuantizedMultiplier64(accumulator, Conv::kMultipliers[out]);
    }
    output[out] = Clamp(scaled, Conv::kRange);
  }
}

// Audio to the residual stream. `Conv::kTable` holds weight, bias and requantisation of each
// channel.
template <class Model>
class InputKernel {
 public:
  using Conv = typename Model::Input;
  static constexpr int kBlockSize = Model::kInfo.block_size;

  // Audio thread.
  [[gnu::noinline]] static void Process(const int16_t* dry, uint32_t* block) {
    static_assert(sizeof(Conv::kTable) == Model::kChannels * kChannelWords * sizeof(int32_t));
    const int32_t* table = Conv::kTable;
    for (int channel = 0; channel < Model::kChannels; channel += 2) {
      const Channel channel0(table);
      const Channel channel1(table + kChannelWords);
      uint32_t* words = block + channel;
      for (int row = 0; row < kBlockSize; row += 2) {
        const int32_t early = dry[row];
        const int32_t late = row + 1 < kBlockSize ? dry[row + 1] : 0;
        words[0] = Pkhbt(channel0(early), channel1(early));
        words[1] = Pkhbt(channel0(late), channel1(late));
        words += Model::kChannels;
      }
      table += kPairWords;
    }
  }

 private:
  using Scale = Requantizer<Model::kInfo.scheme, Conv::kFast>;
  static constexpr int kChannelWords = 2 + Scale::kWords;
  static constexpr int kPairWords = 2 * kChannelWords;

  struct Channel {
    explicit Channel(const int32_t* table) : weight(table[0]), bias(table[1]), scale(table + 2) {}
    int32_t operator()(int32_t sample) const {
      return Activate<Conv>(scale(weight * sample + bias));
    }
    int32_t weight, bias;
    Scale scale;
  };
};

// The residual stream to audio.
template <class Model>
struct OutputKernel {
  using Conv = typename Model::Output;
  using Scale = Requantizer<Model::kInfo.scheme, Conv::kFast>;
  static constexpr int kBlockSize = Model::kInfo.block_size;

  // Audio thread.
  [[gnu::noinline]] static void Process(const uint32_t* block, int16_t* wet) {
    for (int row = 0; row < kBlockSize; ++row) {
      wet[row] = Sample(block + row / 2 * Model::kChannels + row % 2);
    }
  }

  // Audio thread. One row: its words, every other one.
  [[gnu::always_inline]] static int16_t Sample(const uint32_t* words) {
    static_assert(sizeof(Conv::kWeights) == Model::kChannels / 2 * sizeof(uint32_t));
    const Scale scale(Conv::kScale);
    int32_t sum = Conv::kBias;
#pragma GCC unroll 16
    for (const uint32_t weight : Conv::kWeights) {
      sum = Smlad(weight, *words, sum);
      words += 2;
    }
    return static_cast<int16_t>(Activate<Conv>(scale(sum)) + Conv::kZeroPoint);
  }
};

}  // namespace gritspace
