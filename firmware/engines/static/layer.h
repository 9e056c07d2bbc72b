// SPDX-License-Identifier: MIT
// One residual layer over a block: dilated convolutions, gate, product, residual sum. Depends on
// layer_arithmetic.h and stream.h; the numbers are those of a generated Layer, which describes
// itself thus:
//
//   kKernelSize, kDilation    its shape
//   kFast                     whether its requantisations go the short way
//   Filter, Gate              { kRange } around the zero point; Gate only in a gated layer
//   kProduct                  multiplier of filter * gate onto the residual stream
//   kBiases, kConditionWeights, kStream    constants in the order in which they are used
#pragma once

#include <cstdint>

#include "engines/static/columns.h"
#include "engines/static/layer_arithmetic.h"
#include "engines/static/stream.h"

namespace gritspace {

// Compact: layers of a kind share one loop, for two thirds of the flash and twice the time.
#if GRITSPACE_COMPACT
inline constexpr bool kCompact = true;
#else
inline constexpr bool kCompact = false;
#endif

template <class Model, class Layer>
class LayerKernel {
 public:
  using Arithmetic = LayerArithmetic<Model, typename KindOf<Layer>::Type>;
  static constexpr int kChannels = Model::kChannels;
  static constexpr int kHistory = (Layer::kKernelSize - 1) * Layer::kDilation;
  using Input = Stream<kChannels, kHistory, Model::kInfo.block_size>;

  // Audio thread, once a block: the condition into the biases, for its weights are on the newest
  // tap only.
  static void Fold(const uint32_t* condition, int32_t* biases) {
    static_assert(sizeof(Layer::kBiases) == Arithmetic::kSums * sizeof(int32_t));
    Arithmetic::Fold(Layer::kBiases, Layer::kConditionWeights, condition, biases);
  }

  // Audio thread. From `block` of an Input to the next layer's block.
  static void Process(const uint32_t* block, const int32_t* biases, uint32_t* next) {
    if constexpr (kCompact || !kUnrolls) {
      Arithmetic::Process(Layer::kStream, Layer::kDilation, Input::kBlockPairs, block, biases,
                          next);
    } else {
      ProcessUnrolled(block, biases, next);
    }
  }

 private:
  using Walk = Taps<kChannels, Layer::kKernelSize, Layer::kDilation>;
  // With less to do, GCC 12 finds no registers for the loop around it.
  static constexpr bool kUnrolls = Layer::kKernelSize > 1 && Walk::kSteps >= 4;

  // All steps of a pair of rows in one piece, so that a product begins in every cycle.
  [[gnu::noinline]] static void ProcessUnrolled(const uint32_t* block, const int32_t* biases,
                                                uint32_t* next) {
    static_assert(sizeof(Layer::kStream) == Arithmetic::kStreamWords * sizeof(uint32_t));
    const uint32_t* const first_samples = block + Walk::FirstWord(0);
    const uint32_t* stream = Layer::kStream;
    for (int group = 0; group < Arithmetic::kGroups; ++group) {
      const uint32_t* h = block;
      uint32_t* out = next;
      Operands at;
      at.samples = first_samples;
      for (int pair = 0; pair < Input::kBlockPairs; ++pair) {
        at.weights = stream;
        Sums sums{{biases[0], biases[1], biases[2], biases[3]}, {}};
        Hide(at);
        Walk::Accumulate(at, sums);
        Arithmetic::Update(sums, at.weights + Walk::kWeightWords, h, out);
        h += kChannels;
        out += kChannels;
        at.samples += kChannels;
      }
      stream += Arithmetic::kGroupWords;
      biases += Arithmetic::kColumns;
      block += Arithmetic::kGroupChannels;
      next += Arithmetic::kGroupChannels;
    }
  }
};

}  // namespace gritspace
