// SPDX-License-Identifier: MIT
// core/decoder.h by TFLite Micro's interpreter, one for each scheme, on the .tflite files
// themselves. A scheme that could not be set up (operators, arena, shapes) is one that the board
// does not have: the link refuses it, and played it is silence. GRITSPACE_WITHOUT_INT8 leaves that
// one out.
#include "core/decoder.h"

#include "core/processor.h"
#include "engines/tflm/arena.h"
#include "engines/tflm/interpreter.h"
#include "engines/tflm/model_files.h"
#include "generated/model_int16x8.h"
#include "generated/model_int8.h"
#include "generated/protocol.h"

namespace gritspace::decoder {
namespace {

// What the interpreter may use, arena and states: half as much again as a decoder of 12 channels
// and six layers, and with the rest that plays within the 96 kB of DTCM beside a Daisy Seed's
// stack.
constexpr size_t kArenaBytesInt8 = 40 << 10, kArenaBytesInt16x8 = 64 << 10;
constexpr size_t kStateBytesInt8 = 8 << 10, kStateBytesInt16x8 = 16 << 10;

// What the link has room for, and the module.
template <class Model>
constexpr bool kFits = Model::kLatentAxes == protocol::kLatentSize &&
                       Model::kInfo.block_size <= protocol::kMaxBlockSize &&
                       Model::kInfo.latency_samples <= Processor::kMaxLatency;

static_assert(ModelInt16x8::kInfo.scheme == Scheme::kInt16x8 && kFits<ModelInt16x8>);
Interpreter<int16_t, kArenaBytesInt16x8, kStateBytesInt16x8> network_int16x8(kFileInt16x8,
                                                                             ModelInt16x8::kInfo);

#if GRITSPACE_WITHOUT_INT8
constexpr bool kHasInt8 = false;
#else
constexpr bool kHasInt8 = true;
static_assert(ModelInt8::kInfo.scheme == Scheme::kInt8 && kFits<ModelInt8>);
// The module goes from the one to the other while it plays.
static_assert(ModelInt8::kInfo.sample_rate_hz == ModelInt16x8::kInfo.sample_rate_hz &&
              ModelInt8::kInfo.block_size == ModelInt16x8::kInfo.block_size &&
              ModelInt8::kInfo.latency_samples == ModelInt16x8::kInfo.latency_samples);
Interpreter<int8_t, kArenaBytesInt8, kStateBytesInt8> network_int8(kFileInt8, ModelInt8::kInfo);
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

uint32_t ArenaBytes(Scheme scheme) {
  size_t bytes = 0;
  if (Has(scheme)) With(scheme, [&](const auto& network) { bytes = network.arena_bytes(); });
  return static_cast<uint32_t>(bytes);
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
