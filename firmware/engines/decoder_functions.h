// SPDX-License-Identifier: MIT
// The functions of core/decoder.h over an engine's two networks. Included once, at the end of each
// engine's decoder.cpp, which has the generated models, network_int16x8 and, unless
// GRITSPACE_WITHOUT_INT8 leaves it out, network_int8. Nothing here decides anything while playing
// but which of the two runs.
#pragma once

#include "core/decoder.h"
#include "core/processor.h"
#include "generated/protocol.h"

namespace gritspace::decoder {
namespace {

// What the link has room for, and the module.
template <class Model>
constexpr bool kFits = Model::kLatentAxes == protocol::kLatentSize &&
                       Model::kInfo.block_size <= protocol::kMaxBlockSize &&
                       Model::kInfo.latency_samples <= Processor::kMaxLatency;

static_assert(ModelInt16x8::kInfo.scheme == Scheme::kInt16x8 && kFits<ModelInt16x8>);

#if GRITSPACE_WITHOUT_INT8
constexpr bool kHasInt8 = false;
#else
constexpr bool kHasInt8 = true;
static_assert(ModelInt8::kInfo.scheme == Scheme::kInt8 && kFits<ModelInt8>);
// The module goes from the one to the other while it plays.
static_assert(ModelInt8::kInfo.sample_rate_hz == ModelInt16x8::kInfo.sample_rate_hz &&
              ModelInt8::kInfo.block_size == ModelInt16x8::kInfo.block_size &&
              ModelInt8::kInfo.latency_samples == ModelInt16x8::kInfo.latency_samples);
#endif

// Calls it with the scheme's network.
template <class Function>
void With(Scheme scheme, Function function) {
#if !GRITSPACE_WITHOUT_INT8
  if (scheme == Scheme::kInt8) return function(network_int8);
#endif
  (void)scheme;
  function(network_int16x8);
}

}  // namespace

bool Has(Scheme scheme) {
  if (scheme == Scheme::kInt8 && !kHasInt8) return false;
  bool ready = false;
  With(scheme, [&](const auto& network) { ready = network.ready(); });
  return ready;
}

const ModelInfo& Info(Scheme scheme) {
  return scheme == Scheme::kInt8 && kHasInt8 ? ModelInt8::kInfo : ModelInt16x8::kInfo;
}

void Reset(Scheme scheme) {
  With(scheme, [](auto& network) { network.Reset(); });
}

void Process(Scheme scheme, const int16_t* dry, const int16_t* z, int16_t* wet) {
  With(scheme, [=](auto& network) { network.Process(dry, z, wet); });
}

void Preview(Scheme scheme, const int16_t* dry, const int16_t* z, int16_t* wet) {
  With(scheme, [=](auto& network) { network.Preview(dry, z, wet); });
}

void ReadStream(Scheme scheme, int layer, int16_t* stream) {
  With(scheme, [=](auto& network) { network.ReadStream(layer, stream); });
}

}  // namespace gritspace::decoder
