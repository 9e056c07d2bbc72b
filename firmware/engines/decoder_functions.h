// SPDX-License-Identifier: MIT
// The functions of core/decoder.h over an engine's two networks. Included once, by each engine's
// decoder.cpp behind network_int16x8 and, unless GRITSPACE_WITHOUT_INT8 leaves it out,
// network_int8. Nothing here decides anything while playing but which of the two runs.
#pragma once

#include "core/decoder.h"

namespace gritspace::decoder {
namespace {

#if GRITSPACE_WITHOUT_INT8
constexpr bool kHasInt8 = false;
#else
constexpr bool kHasInt8 = true;
#endif

// What the function makes of the scheme's network.
template <class Function>
decltype(auto) With(Scheme scheme, Function function) {
#if !GRITSPACE_WITHOUT_INT8
  if (scheme == Scheme::kInt8) return function(network_int8);
#endif
  (void)scheme;
  return function(network_int16x8);
}

}  // namespace

bool Has(Scheme scheme) {
  if (scheme == Scheme::kInt8 && !kHasInt8) return false;
  return With(scheme, [](const auto& network) { return network.ready(); });
}

const ModelInfo& Info(Scheme scheme) {
  return With(scheme, [](const auto& network) -> const ModelInfo& { return network.info(); });
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
