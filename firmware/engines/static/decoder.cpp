// SPDX-License-Identifier: MIT
// core/decoder.h by networks compiled ahead of time, one for each scheme. Depends on network.h and
// the generated models; nothing here decides anything while playing but which of the two runs.
// GRITSPACE_WITHOUT_INT8 leaves that one out, for boards with little flash.
#include "core/decoder.h"

#include "core/processor.h"
#include "engines/static/network.h"
#include "generated/model_int16x8.h"
#include "generated/model_int8.h"
#include "generated/protocol.h"

namespace gritspace::decoder {
namespace {

// What the link has room for, and the module.
template <class Model>
constexpr bool kFits = Model::kLatentAxes == protocol::kLatentSize &&
                       Model::kInfo.block_size <= protocol::kMaxBlockSize &&
                       Model::kInfo.latency_samples <= Processor::kMaxLatency;

static_assert(ModelInt16x8::kInfo.scheme == Scheme::kInt16x8 && kFits<ModelInt16x8>);
Network<ModelInt16x8> network_int16x8;

#if GRITSPACE_WITHOUT_INT8
constexpr bool kHasInt8 = false;
#else
constexpr bool kHasInt8 = true;
static_assert(ModelInt8::kInfo.scheme == Scheme::kInt8 && kFits<ModelInt8>);
// The module goes from the one to the other while it plays.
static_assert(ModelInt8::kInfo.sample_rate_hz == ModelInt16x8::kInfo.sample_rate_hz &&
              ModelInt8::kInfo.block_size == ModelInt16x8::kInfo.block_size &&
              ModelInt8::kInfo.latency_samples == ModelInt16x8::kInfo.latency_samples);
Network<ModelInt8> network_int8;
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

bool Has(Scheme scheme) { return scheme == Scheme::kInt16x8 || kHasInt8; }

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
