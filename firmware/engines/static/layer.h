// SPDX-License-Identifier: MIT
// One residual layer over a block: dilated convolutions, gate, product, residual sum. Depends on
// columns.h, requantize.h and stream.h; the numbers are those of a generated Layer, which describes
// itself thus:
//
//   kKernelSize, kDilation    its shape
//   kFast                     whether its requantisations go the short way
//   Filter, Gate              { kRange } around the zero point; Gate only in a gated layer
//   kProduct                  multiplier of filter * gate onto the residual stream
//   kBiases, kConditionWeights, kStream    constants in the order in which they are used
#pragma once

#include <cstdint>
#include <type_traits>

#include "core/fixed_point.h"
#include "engines/static/columns.h"
#include "engines/static/requantize.h"
#include "engines/static/stream.h"

namespace gritspace {

// filter * gate onto the residual stream: TFLite's MUL with its two roundings, saturated.
template <class Model, class Layer>
struct Product {
  static constexpr int64_t kLargestFilter = -Layer::Filter::kRange.min > Layer::Filter::kRange.max
                                                ? -int64_t{Layer::Filter::kRange.min}
                                                : Layer::Filter::kRange.max;
  static constexpr int64_t kLargest = kLargestFilter * Layer::Gate::kRange.max;

  // A factor of 2^-kShift with a gate that is never negative. Of the two roundings, (p + 1) >> 1
  // and then half away from zero, floor((p + sign + 2^(kShift - 1)) / 2^kShift) remains; the
  // filter's sign will do.
  static constexpr int kShift = 1 - Layer::kProduct.shift;
  static constexpr int kUp = 16 - kShift;  // brings the result to a word's upper half
  static constexpr int64_t kLargestRounded = kLargest + 1 + (int64_t{1} << (kShift - 1));
  static constexpr bool kPowerOfTwo = Layer::kProduct.value == 1 << 30 && kShift >= 2 &&
                                      Layer::Gate::kRange.min == 0 &&
                                      (kLargestRounded << (kUp > 0 ? kUp : 0)) < int64_t{1} << 31 &&
                                      kLargestRounded >> kShift <= Model::kInfo.sample_max;

  // Two products as a pair.
  static uint32_t Of(int32_t filter0, int32_t gate0, int32_t filter1, int32_t gate1) {
    if constexpr (kPowerOfTwo) {
      return Pkhtb(UpperHalf(filter0, gate0), UpperHalf(filter1, gate1));
    } else {
      return Pkhbt(General(filter0 * gate0), General(filter1 * gate1));
    }
  }

 private:
  static uint32_t UpperHalf(int32_t filter, int32_t gate) {
    const int32_t product = filter * gate + SignOf(filter);
    if constexpr (kUp >= 0) {
      return static_cast<uint32_t>(product * (1 << kUp) + (1 << 15));
    } else {
      return static_cast<uint32_t>((product + (1 << (kShift - 1))) >> -kUp);
    }
  }
  [[gnu::noinline]] static uint32_t General(int32_t product) {
    const int32_t scaled = MultiplyByQuantizedMultiplier(product, Layer::kProduct);
    return static_cast<uint32_t>(ClampTo<Model::kInfo.sample_min, Model::kInfo.sample_max>(scaled));
  }
};

// h + update, both a pair of channels, saturated to the scheme's integers.
template <Scheme kScheme>
uint32_t AddSaturated(uint32_t h, uint32_t update) {
  if constexpr (kScheme == Scheme::kInt8) {
    return Ssat16<8>(Sadd16(h, update));
  } else {
    return Qadd16(h, update);
  }
}

template <class Model, class Layer>
class LayerKernel {
 public:
  static constexpr Scheme kScheme = Model::kInfo.scheme;
  static constexpr bool kGated = !std::is_void_v<typename Layer::Gate>;
  static constexpr int kChannels = Model::kChannels;
  static constexpr int kHistory = (Layer::kKernelSize - 1) * Layer::kDilation;
  static constexpr int kBlockSize = Model::kInfo.block_size;
  // Four columns of sums: filter and gate of two channels, or the filter of four.
  static constexpr int kColumns = 4;
  static constexpr int kGroupChannels = kGated ? 2 : 4;
  static constexpr int kGroups = kChannels / kGroupChannels;
  static constexpr int kSums = kGroups * kColumns;

  using Input = Stream<kChannels, kHistory, kBlockSize>;

  // Audio thread, once a block: the condition into the biases, for its weights are on the newest
  // tap only.
  static void Fold(const uint32_t* condition, int32_t* biases) {
    const uint32_t* weights = Layer::kConditionWeights;
    for (int column = 0; column < kSums; ++column) {
      int32_t sum = Layer::kBiases[column];
      for (int i = 0; i < Model::kConditionPairs; ++i) sum = Smlad(*weights++, condition[i], sum);
      biases[column] = sum;
    }
  }

  // Audio thread. From `block` of an Input to the next layer's block.
  [[gnu::noinline]] static void Process(const uint32_t* block, const int32_t* biases,
                                        uint32_t* next) {
    static_assert(sizeof(Layer::kStream) == kStreamWords * sizeof(uint32_t));
    static_assert(sizeof(Layer::kBiases) == kSums * sizeof(int32_t));
    const uint32_t* const first_samples = block + Walk::FirstWord(0);
    const uint32_t* stream = Layer::kStream;
    for (int group = 0; group < kGroups; ++group) {
      const uint32_t* h = block;
      uint32_t* out = next;
      Operands at;
      at.samples = first_samples;
      for (int pair = 0; pair < Input::kBlockPairs; ++pair) {
        at.weights = stream;
        Sums sums{{biases[0], biases[1], biases[2], biases[3]}, {}};
        Walk::Accumulate(at, sums);
        const Scales scales(reinterpret_cast<const int32_t*>(at.weights - 1));
        Update(sums, scales, h, out);
        h += kChannels;
        out += kChannels;
      }
      stream += kGroupWords;
      biases += kColumns;
      block += kGroupChannels;
      next += kGroupChannels;
    }
  }

 private:
  using Walk = Taps<kChannels, Layer::kKernelSize, Layer::kDilation>;
  using Scale = Requantizer<kScheme, Layer::kFast>;
  static constexpr int kGroupWords =
      Layer::kKernelSize * kChannels / 2 * kColumns + kColumns * Scale::kWords;
  static constexpr int kStreamWords = kGroups * kGroupWords;

  // The requantisations of one group.
  struct Scales {
    explicit Scales(const int32_t* words)
        : c0(words),
          c1(words + Scale::kWords),
          c2(words + 2 * Scale::kWords),
          c3(words + 3 * Scale::kWords) {}
    Scale c0, c1, c2, c3;
  };

  // The sums of one group to its channels at two times.
  [[gnu::always_inline]] static void Update(const Sums& sums, const Scales& scales,
                                            const uint32_t* h, uint32_t* next) {
    if constexpr (kGated) {
      const uint32_t early = Gated(sums.early, scales);
      const uint32_t late = Gated(sums.late, scales);
      next[0] = AddSaturated<kScheme>(h[0], early);
      next[1] = AddSaturated<kScheme>(h[1], late);
    } else {
      next[0] =
          AddSaturated<kScheme>(h[0], Plain(sums.early.c0, scales.c0, sums.early.c1, scales.c1));
      next[1] =
          AddSaturated<kScheme>(h[1], Plain(sums.late.c0, scales.c0, sums.late.c1, scales.c1));
      next[2] =
          AddSaturated<kScheme>(h[2], Plain(sums.early.c2, scales.c2, sums.early.c3, scales.c3));
      next[3] =
          AddSaturated<kScheme>(h[3], Plain(sums.late.c2, scales.c2, sums.late.c3, scales.c3));
    }
  }

  [[gnu::always_inline]] static uint32_t Gated(const Columns& sums, const Scales& scales) {
    const int32_t filter0 = Activate<typename Layer::Filter>(scales.c0(sums.c0));
    const int32_t filter1 = Activate<typename Layer::Filter>(scales.c1(sums.c1));
    const int32_t gate0 = Activate<typename Layer::Gate>(scales.c2(sums.c2));
    const int32_t gate1 = Activate<typename Layer::Gate>(scales.c3(sums.c3));
    return Product<Model, Layer>::Of(filter0, gate0, filter1, gate1);
  }

  [[gnu::always_inline]] static uint32_t Plain(int32_t sum0, const Scale& scale0, int32_t sum1,
                                               const Scale& scale1) {
    return Pkhbt(Activate<typename Layer::Filter>(scale0(sum0)),
                 Activate<typename Layer::Filter>(scale1(sum1)));
  }
};

}  // namespace gritspace
