// SPDX-License-Identifier: MIT
// core/decoder.h by networks compiled ahead of time, one for each scheme. Depends on network.h and
// the generated models. GRITSPACE_WITHOUT_INT8 leaves that one out, for boards with little flash.
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

#if !GRITSPACE_WITHOUT_INT8
static_assert(ModelInt8::kInfo.scheme == Scheme::kInt8 && kFits<ModelInt8>);
// The module goes from the one to the other while it plays.
static_assert(ModelInt8::kInfo.sample_rate_hz == ModelInt16x8::kInfo.sample_rate_hz &&
              ModelInt8::kInfo.block_size == ModelInt16x8::kInfo.block_size &&
              ModelInt8::kInfo.latency_samples == ModelInt16x8::kInfo.latency_samples);
Network<ModelInt8> network_int8;
#endif

}  // namespace
}  // namespace gritspace::decoder

#include "engines/decoder_functions.h"
