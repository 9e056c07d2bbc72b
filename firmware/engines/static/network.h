// SPDX-License-Identifier: MIT
// A whole decoder, compiled for one model: its shapes are types, its weights constants, its state a
// member. Depends on layer.h and ends.h and on a generated model; no heap, no other library.
#pragma once

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

#include "engines/static/ends.h"
#include "engines/static/layer.h"

namespace gritspace {

template <class Model>
class Network {
 public:
  static constexpr bool ready() { return true; }  // as soon as it is linked
  static constexpr const ModelInfo& info() { return Model::kInfo; }

  void Reset() {
    std::apply([](auto&... stream) { (stream.Reset(), ...); }, streams_);
    last_.Reset();
  }

  // Audio thread. Not inlined, nor is Preview, so that the linker's map tells what each model
  // costs.
  [[gnu::noinline]] void Process(const int16_t* dry, const int16_t* z, int16_t* wet) {
    Preview(dry, z, wet);
    std::apply([](auto&... stream) { (stream.Advance(), ...); }, streams_);
  }

  // Audio thread. All of a block but that it becomes history.
  [[gnu::noinline]] void Preview(const int16_t* dry, const int16_t* z, int16_t* wet) {
    uint32_t condition[Model::kConditionPairs];
    int16_t gains[Model::kInfo.channels];
    FormCondition(z, condition, gains);
    InputKernel<Model>::Process(dry, gains, std::get<0>(streams_).block());
    ProcessLayers(condition, Indices{});
    OutputKernel<Model>::Process(last_.block(), wet);
  }

  // The last block's residual stream before a layer.
  void ReadStream(int layer, int16_t* stream) const { ReadLayer(layer, stream, Indices{}); }

 private:
  static constexpr int kBlockSize = Model::kInfo.block_size;
  static constexpr int kLayers = std::tuple_size_v<typename Model::Layers>;
  using Indices = std::make_index_sequence<kLayers>;
  using LastStream = Stream<Model::kChannels, 0, kBlockSize>;

  template <int kLayer>
  using Kernel = LayerKernel<Model, std::tuple_element_t<kLayer, typename Model::Layers>>;

  template <class Layers>
  struct StreamsOf;
  template <class... Layers>
  struct StreamsOf<std::tuple<Layers...>> {
    using Type = std::tuple<typename LayerKernel<Model, Layers>::Input...>;
  };

  // z through the condition's convolutions, to pairs of integers at the residual stream's scale,
  // and from those to the gains.
  [[gnu::noinline]] static void FormCondition(const int16_t* z, uint32_t* condition,
                                              int16_t* gains) {
    int16_t values[2][Model::kConditionWidth] = {};
    for (int axis = 0; axis < Model::kLatentAxes; ++axis)
      values[0][axis] = static_cast<int16_t>(z[axis] - Model::kLatentZeroPoint);
    int from = 0;
    std::apply(
        [&](auto... convolution) {
          ((Condition<Model::kInfo.scheme, decltype(convolution)>(values[from], values[1 - from]),
            from = 1 - from),
           ...);
        },
        typename Model::Condition{});
    for (int i = 0; i < Model::kConditionPairs; ++i) {
      condition[i] = Pair(values[from][2 * i], values[from][2 * i + 1]);
    }
    Condition<Model::kInfo.scheme, typename Model::Gain>(values[from], gains);
  }

  template <size_t... kIndices>
  void ProcessLayers(const uint32_t* condition, std::index_sequence<kIndices...>) {
    (ProcessLayer<kIndices>(condition), ...);
  }

  template <int kLayer>
  void ProcessLayer(const uint32_t* condition) {
    auto& stream = std::get<kLayer>(streams_);
    Kernel<kLayer>::Fold(condition, biases_);
    Kernel<kLayer>::Process(stream.block(), biases_, NextBlock<kLayer>());
  }

  template <int kLayer>
  uint32_t* NextBlock() {
    if constexpr (kLayer + 1 < kLayers) {
      return std::get<kLayer + 1>(streams_).block();
    } else {
      return last_.block();
    }
  }

  template <size_t... kIndices>
  void ReadLayer(int layer, int16_t* stream, std::index_sequence<kIndices...>) const {
    ((layer == static_cast<int>(kIndices) ? Copy(std::get<kIndices>(streams_), stream) : void()),
     ...);
    if (layer == kLayers) Copy(last_, stream);
  }

  template <class AnyStream>
  static void Copy(const AnyStream& from, int16_t* to) {
    for (int row = 0; row < kBlockSize; ++row) {
      for (int channel = 0; channel < Model::kInfo.channels; ++channel)
        *to++ = from.At(row, channel);
    }
  }

  typename StreamsOf<typename Model::Layers>::Type streams_;
  LastStream last_;
  int32_t biases_[2 * Model::kChannels];  // of one layer at a time; a gated one has the most
};

}  // namespace gritspace
