// SPDX-License-Identifier: MIT
// The decoder's small ends: the convolutions on z, once a block; audio to the residual stream, and
// back. Depends on requantize.h; like layer.h, takes its numbers from generated types.
#pragma once

#include <cstdint>

#include "core/fixed_point.h"
#include "core/simd.h"
#include "engines/static/requantize.h"

namespace gritspace {

// Audio thread, once a block. A 1x1 convolution by the book; integers less their zero points, which
// 16 bits hold in either scheme.
template <Scheme kScheme, class Conv>
void Condition(const int16_t* input, int16_t* output) {
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
    output[out] = static_cast<int16_t>(Clamp(scaled, Conv::kRange));
  }
}

// Audio to the residual stream: each channel hears it as loud as its gain says.
template <class Model>
class InputKernel {
 public:
  static constexpr int kBlockSize = Model::kInfo.block_size;

  // Audio thread. `gains` is what Model::Gain gave.
  [[gnu::noinline]] static void Process(const int16_t* dry, const int16_t* gains, uint32_t* block) {
    for (int channel = 0; channel < Model::kChannels; channel += 2) {
      const Gain gain0(channel < Model::kInfo.channels ? gains[channel] : 0);
      const Gain gain1(channel + 1 < Model::kInfo.channels ? gains[channel + 1] : 0);
      uint32_t* words = block + channel;
      for (int row = 0; row < kBlockSize; row += 2) {
        const Sample early(dry[row]);
        const Sample late(row + 1 < kBlockSize ? dry[row + 1] : Model::kAudioZeroPoint);
        words[0] = Pkhbt(gain0(early), gain1(early));
        words[1] = Pkhbt(gain0(late), gain1(late));
        words += Model::kChannels;
      }
    }
  }

 private:
  // TFLite's MUL with its two roundings, saturated. A factor of 2^-kShift leaves of them
  // floor((p + sign + 2^(kShift - 1)) / 2^kShift), as in layer_arithmetic.h; the product's sign is
  // that of the sample times that of the gain, so SMLAD forms the numerator. Where p is 0, either
  // sign gives 0.
  static constexpr Multiplier kProduct = Model::Gain::kProduct;
  static constexpr int kShift = 1 - kProduct.shift;
  static constexpr bool kPowerOfTwo = kProduct.value == 1 << 30 && kShift >= 2 && kShift <= 16;
  static constexpr int kBits = Model::kInfo.scheme == Scheme::kInt8 ? 8 : 16;

  struct Sample {
    explicit Sample(int32_t integer)
        : value(integer - Model::kAudioZeroPoint), with_sign(Pkhbt(value, SignOf(value))) {}
    int32_t value;
    uint32_t with_sign;
  };

  struct Gain {
    explicit Gain(int32_t integer) : value(integer), with_sign(Pair(value, value < 0 ? -1 : 1)) {}
    int32_t operator()(const Sample& sample) const {
      if constexpr (kPowerOfTwo) {
        return SsatAsr<kBits, kShift>(Smlad(sample.with_sign, with_sign, 1 << (kShift - 1)));
      } else {
        return ClampTo<Model::kInfo.sample_min, Model::kInfo.sample_max>(
            MultiplyByQuantizedMultiplier(sample.value * value, kProduct));
      }
    }
    int32_t value;
    uint32_t with_sign;
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
