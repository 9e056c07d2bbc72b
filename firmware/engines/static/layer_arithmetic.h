// SPDX-License-Identifier: MIT
// What a residual layer makes of its sums: requantisation, gate, product, residual sum; and a whole
// layer in little code, for when size counts. Depends on columns.h and requantize.h. Layers that
// agree in their LayerKind share all of it.
#pragma once

#include <cstdint>
#include <type_traits>

#include "core/fixed_point.h"
#include "engines/static/columns.h"
#include "engines/static/requantize.h"

namespace gritspace {

// All that code for a layer depends on, but its dilation: values, not the generated type, so that
// layers of equal values are one.
template <int kTaps, bool kIsFast, int32_t kFilterMin, int32_t kFilterMax, bool kIsGated,
          int32_t kGateMin, int32_t kGateMax, int32_t kProductValue, int32_t kProductShift>
struct LayerKind {
  static constexpr int kKernelSize = kTaps;
  static constexpr bool kFast = kIsFast;
  struct Filter {
    static constexpr Range kRange{kFilterMin, kFilterMax};
  };
  struct Positive {
    static constexpr Range kRange{kGateMin, kGateMax};
  };
  using Gate = std::conditional_t<kIsGated, Positive, void>;
  static constexpr Multiplier kProduct{kProductValue, kProductShift};
};

template <class Layer, bool kIsGated = !std::is_void_v<typename Layer::Gate>>
struct KindOf {
  using Type = LayerKind<Layer::kKernelSize, Layer::kFast, Layer::Filter::kRange.min,
                         Layer::Filter::kRange.max, true, Layer::Gate::kRange.min,
                         Layer::Gate::kRange.max, Layer::kProduct.value, Layer::kProduct.shift>;
};
template <class Layer>
struct KindOf<Layer, false> {
  using Type = LayerKind<Layer::kKernelSize, Layer::kFast, Layer::Filter::kRange.min,
                         Layer::Filter::kRange.max, false, 0, 0, 0, 0>;
};

// filter * gate onto the residual stream: TFLite's MUL with its two roundings, saturated.
template <class Model, class Kind>
struct Product {
  static constexpr int64_t kLargestFilter = -Kind::Filter::kRange.min > Kind::Filter::kRange.max
                                                ? -int64_t{Kind::Filter::kRange.min}
                                                : Kind::Filter::kRange.max;
  static constexpr int64_t kLargest = kLargestFilter * Kind::Gate::kRange.max;

  // A factor of 2^-kShift with a gate that is never negative. Of the two roundings, (p + 1) >> 1
  // and then half away from zero, floor((p + sign + 2^(kShift - 1)) / 2^kShift) remains; the
  // filter's sign will do.
  static constexpr int kShift = 1 - Kind::kProduct.shift;
  static constexpr int kUp = 16 - kShift;  // brings the result to a word's upper half
  static constexpr int64_t kLargestRounded = kLargest + 1 + (int64_t{1} << (kShift - 1));
  static constexpr bool kPowerOfTwo = Kind::kProduct.value == 1 << 30 && kShift >= 2 &&
                                      Kind::Gate::kRange.min == 0 &&
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
    const int32_t scaled = MultiplyByQuantizedMultiplier(product, Kind::kProduct);
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

template <class Model, class Kind>
class LayerArithmetic {
 public:
  static constexpr Scheme kScheme = Model::kInfo.scheme;
  static constexpr bool kGated = !std::is_void_v<typename Kind::Gate>;
  static constexpr int kChannels = Model::kChannels;
  // Four columns of sums: filter and gate of two channels, or the filter of four.
  static constexpr int kColumns = 4;
  static constexpr int kGroupChannels = kGated ? 2 : 4;
  static constexpr int kGroups = kChannels / kGroupChannels;
  static constexpr int kSums = kGroups * kColumns;
  using Scale = Requantizer<kScheme, Kind::kFast>;
  static constexpr int kGroupWords =
      Kind::kKernelSize * kChannels / 2 * kColumns + kColumns * Scale::kWords;
  static constexpr int kStreamWords = kGroups * kGroupWords;

  // Audio thread, once a block: the biases at this condition.
  [[gnu::noinline]] static void Fold(const int32_t* biases, const uint32_t* weights,
                                     const uint32_t* condition, int32_t* folded) {
    for (int column = 0; column < kSums; ++column) {
      int32_t sum = biases[column];
#pragma GCC unroll 4
      for (int i = 0; i < Model::kConditionPairs; ++i) sum = Smlad(*weights++, condition[i], sum);
      folded[column] = sum;
    }
  }

  // Audio thread. A layer of any dilation, tap by tap: slower than LayerKernel's, and once in the
  // image for all layers of this kind.
  [[gnu::noinline]] static void Process(const uint32_t* stream, int dilation, int pairs,
                                        const uint32_t* block, const int32_t* biases,
                                        uint32_t* next) {
    for (int group = 0; group < kGroups; ++group) {
      for (int pair = 0; pair < pairs; ++pair) {
        const int row = pair * kChannels;
        Sums sums{{biases[0], biases[1], biases[2], biases[3]},
                  {biases[0], biases[1], biases[2], biases[3]}};
        const uint32_t* weights = stream;
        for (int rows_back = (Kind::kKernelSize - 1) * dilation; rows_back >= 0;
             rows_back -= dilation) {
          const int odd = rows_back % 2;
          const uint32_t* samples = block + row - (rows_back + 1) / 2 * kChannels + odd;
          weights =
              AccumulateTap(samples, odd == 0 ? 1 : kChannels - 1, kChannels / 2, weights, sums);
        }
        const int word = row + group * kGroupChannels;
        Update(sums, weights, block + word, next + word);
      }
      stream += kGroupWords;
      biases += kColumns;
    }
  }

  // Audio thread. The sums of one group to its channels at two times; `words` are its
  // requantisations.
  [[gnu::always_inline]] static void Update(const Sums& sums, const uint32_t* words,
                                            const uint32_t* h, uint32_t* next) {
    const Scales scales(reinterpret_cast<const int32_t*>(words));
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

 private:
  // The requantisations of one group.
  struct Scales {
    explicit Scales(const int32_t* words)
        : c0(words),
          c1(words + Scale::kWords),
          c2(words + 2 * Scale::kWords),
          c3(words + 3 * Scale::kWords) {}
    Scale c0, c1, c2, c3;
  };

  [[gnu::always_inline]] static uint32_t Gated(const Columns& sums, const Scales& scales) {
    const int32_t filter0 = Activate<typename Kind::Filter>(scales.c0(sums.c0));
    const int32_t filter1 = Activate<typename Kind::Filter>(scales.c1(sums.c1));
    const int32_t gate0 = Activate<typename Kind::Gate>(scales.c2(sums.c2));
    const int32_t gate1 = Activate<typename Kind::Gate>(scales.c3(sums.c3));
    return Product<Model, Kind>::Of(filter0, gate0, filter1, gate1);
  }

  [[gnu::always_inline]] static uint32_t Plain(int32_t sum0, const Scale& scale0, int32_t sum1,
                                               const Scale& scale1) {
    return Pkhbt(Activate<typename Kind::Filter>(scale0(sum0)),
                 Activate<typename Kind::Filter>(scale1(sum1)));
  }
};

}  // namespace gritspace
