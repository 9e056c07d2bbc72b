// SPDX-License-Identifier: MIT
// core/decoder.h by networks compiled ahead of time, one for each scheme. Depends on network.h and
// the generated models; nothing here decides anything while playing but which of the two runs.
#include "core/decoder.h"

#include "core/processor.h"
#include "engines/static/network.h"
#include "generated/model_int16x8.h"
#include "generated/model_int8.h"
#include "generated/protocol.h"

namespace gritspace::decoder {
namespace {

static_assert(ModelInt8::kInfo.scheme == Scheme::kInt8);
static_assert(ModelInt16x8::kInfo.scheme == Scheme::kInt16x8);

// What the link has room for.
template <class Model>
constexpr bool kFitsLink = Model::kLatentAxes == protocol::kLatentSize &&
                           Model::kInfo.block_size <= protocol::kMaxBlockSize;
static_assert(kFitsLink<ModelInt8> && kFitsLink<ModelInt16x8>);

// The module goes from the one to the other while it plays.
static_assert(ModelInt8::kInfo.sample_rate_hz == ModelInt16x8::kInfo.sample_rate_hz &&
              ModelInt8::kInfo.block_size == ModelInt16x8::kInfo.block_size &&
              ModelInt8::kInfo.latency_samples == ModelInt16x8::kInfo.latency_samples);

static_assert(ModelInt8::kInfo.latency_samples <= Processor::kMaxLatency);
static_assert(ModelInt16x8::kInfo.latency_samples <= Processor::kMaxLatency);

Network<ModelInt8> network_int8;
Network<ModelInt16x8> network_int16x8;

}  // namespace

const ModelInfo& Info(Scheme scheme) {
  return scheme == Scheme::kInt8 ? ModelInt8::kInfo : ModelInt16x8::kInfo;
}

void Reset(Scheme scheme) {
  scheme == Scheme::kInt8 ? network_int8.Reset() : network_int16x8.Reset();
}

void Process(Scheme scheme, const int16_t* dry, const int16_t* z, int16_t* wet) {
  scheme == Scheme::kInt8 ? network_int8.Process(dry, z, wet)
                          : network_int16x8.Process(dry, z, wet);
}

void Preview(Scheme scheme, const int16_t* dry, const int16_t* z, int16_t* wet) {
  scheme == Scheme::kInt8 ? network_int8.Preview(dry, z, wet)
                          : network_int16x8.Preview(dry, z, wet);
}

void ReadStream(Scheme scheme, int layer, int16_t* stream) {
  scheme == Scheme::kInt8 ? network_int8.ReadStream(layer, stream)
                          : network_int16x8.ReadStream(layer, stream);
}

}  // namespace gritspace::decoder
