// SPDX-License-Identifier: MIT
// A decoder for tests: an echo with memory, as loud as its input, which ends the program when it is
// given what must never come to a decoder. Depends on core/decoder.h only.
#include <cstdlib>

#include "core/decoder.h"

namespace gritspace::decoder {
namespace {

LoudnessMap MakeFlatMap() {
  LoudnessMap map{-20, 20, {}, {}, {}};
  for (int i = 0; i < LoudnessMap::kColumns; ++i) {
    map.column_255th[i] = static_cast<uint8_t>(255 * i / (LoudnessMap::kColumns - 1));
  }
  for (auto& level : map.correlation_256th) {
    for (auto& row : level) {
      for (uint8_t& correlation : row) correlation = 255;
    }
  }
  return map;
}

const LoudnessMap kFlatMap = MakeFlatMap();

ModelInfo MakeInfo(Scheme scheme, uint32_t model_id, int16_t sample_max) {
  ModelInfo info{};
  info.scheme = scheme;
  info.model_id = model_id;
  info.sample_rate_hz = 48000;
  info.block_size = 48;
  info.sample_min = static_cast<int16_t>(-sample_max - 1);
  info.sample_max = sample_max;
  info.latency_samples = 1;
  for (int axis = 0; axis < 2; ++axis) {
    info.latent_min[axis] = info.sample_min;
    info.latent_max[axis] = info.sample_max;
  }
  info.loudness = &kFlatMap;
  return info;
}

const ModelInfo kInfos[kSchemeCount] = {MakeInfo(Scheme::kInt8, 0x01234567, 127),
                                        MakeInfo(Scheme::kInt16x8, 0x89ABCDEF, 32767)};

int16_t last_sample[kSchemeCount];

}  // namespace

bool Has(Scheme) { return true; }

const ModelInfo& Info(Scheme scheme) { return kInfos[static_cast<int>(scheme)]; }

void Reset(Scheme scheme) { last_sample[static_cast<int>(scheme)] = 0; }

// wet[n] = dry[n - 1] + z[0] / 16, saturated.
void Preview(Scheme scheme, const int16_t* dry, const int16_t* z, int16_t* wet) {
  const ModelInfo& info = Info(scheme);
  if (z[0] < info.sample_min || z[1] > info.sample_max) std::abort();
  int16_t before = last_sample[static_cast<int>(scheme)];
  for (int i = 0; i < info.block_size; ++i) {
    if (dry[i] < info.sample_min || dry[i] > info.sample_max) std::abort();
    const int sum = before + z[0] / 16;
    wet[i] = static_cast<int16_t>(sum < info.sample_min   ? info.sample_min
                                  : sum > info.sample_max ? info.sample_max
                                                          : sum);
    before = dry[i];
  }
}

void Process(Scheme scheme, const int16_t* dry, const int16_t* z, int16_t* wet) {
  Preview(scheme, dry, z, wet);
  last_sample[static_cast<int>(scheme)] = dry[Info(scheme).block_size - 1];
}

void ReadStream(Scheme, int, int16_t*) {}

}  // namespace gritspace::decoder
