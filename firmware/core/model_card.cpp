// SPDX-License-Identifier: MIT
// Reading and refusing cards. See model_card.h.
#include "core/model_card.h"

#include <cstring>

#include "core/processor.h"
#include "generated/protocol.h"

namespace gritspace {
namespace {

constexpr uint32_t kMagic = 0x31435247;  // "GRC1"
constexpr size_t kAxes = protocol::kLatentSize;

size_t TestBlockBytes(int block_size) {
  return sizeof(int16_t) * (kAxes + 2 * static_cast<size_t>(block_size));
}

// What the rest of the firmware takes for granted.
bool IsSound(const ModelCard& card, const ModelInfo& info) {
  for (size_t axis = 0; axis < kAxes; ++axis) {
    if (info.latent_min[axis] < info.sample_min || info.latent_min[axis] >= info.latent_max[axis] ||
        info.latent_max[axis] > info.sample_max) {
      return false;
    }
  }
  return card.test_blocks > 0 && card.channels > 0 && card.layers > 0 && card.block_size > 0 &&
         card.block_size <= protocol::kMaxBlockSize && card.sample_rate_hz >= card.block_size &&
         card.latency_samples <= Processor::kMaxLatency;
}

// Columns between which At interpolates, and levels that are numbers in order.
bool IsSound(const LoudnessMap& map) {
  for (int i = 1; i < LoudnessMap::kColumns; ++i) {
    if (map.column_255th[i] <= map.column_255th[i - 1]) return false;
  }
  constexpr float kMostDb = 60.0F;
  return map.column_255th[0] == 0 && map.column_255th[LoudnessMap::kColumns - 1] == 255 &&
         map.level_low_db >= -kMostDb && map.level_low_db < map.level_high_db &&
         map.level_high_db <= kMostDb;
}

}  // namespace

bool ReadCard(const uint8_t* bytes, size_t size, Scheme scheme, ModelInfo* info,
              LoudnessMap* loudness, TestVectors* vectors) {
  constexpr size_t kHeadBytes = sizeof(ModelCard) + sizeof(LoudnessMap);
  if (size < kHeadBytes) return false;
  ModelCard card;
  std::memcpy(&card, bytes, sizeof(card));
  if (card.magic != kMagic || card.scheme != static_cast<uint8_t>(scheme)) return false;
  std::memcpy(loudness, bytes + sizeof(card), sizeof(*loudness));
  info->scheme = scheme;
  info->sample_rate_hz = card.sample_rate_hz;
  info->block_size = card.block_size;
  info->latency_samples = card.latency_samples;
  info->sample_min = scheme == Scheme::kInt8 ? INT8_MIN : INT16_MIN;
  info->sample_max = scheme == Scheme::kInt8 ? INT8_MAX : INT16_MAX;
  info->channels = card.channels;
  info->layers = card.layers;
  std::memcpy(info->latent_min, card.latent_min, sizeof(card.latent_min));
  std::memcpy(info->latent_max, card.latent_max, sizeof(card.latent_max));
  info->loudness = loudness;
  *vectors = {bytes + kHeadBytes, card.test_blocks};
  return IsSound(card, *info) && IsSound(*loudness) &&
         size == kHeadBytes + card.test_blocks * TestBlockBytes(card.block_size);
}

void ReadTestBlock(const TestVectors& vectors, int block_size, int block, int16_t* z, int16_t* dry,
                   int16_t* wet) {
  const uint8_t* from = vectors.bytes + static_cast<size_t>(block) * TestBlockBytes(block_size);
  const size_t audio_bytes = sizeof(int16_t) * static_cast<size_t>(block_size);
  std::memcpy(z, from, kAxes * sizeof(*z));
  std::memcpy(dry, from + kAxes * sizeof(*z), audio_bytes);
  std::memcpy(wet, from + kAxes * sizeof(*z) + audio_bytes, audio_bytes);
}

}  // namespace gritspace
