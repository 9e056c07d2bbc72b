// SPDX-License-Identifier: MIT
// The model card: what a .tflite that comes over the link says of itself, and vectors that prove
// it. The twin of quantize/model_card.py, which writes it into the file's metadata. Depends on
// decoder.h and loudness.h; knows no TFLite.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/decoder.h"
#include "core/loudness.h"

namespace gritspace {

// Begins the card. A LoudnessMap follows, then the test vectors.
struct __attribute__((packed)) ModelCard {
  uint32_t magic;
  uint8_t scheme;
  uint8_t test_blocks;
  uint16_t block_size;
  uint32_t sample_rate_hz;
  uint16_t latency_samples;
  uint16_t channels;
  uint16_t layers;
  int16_t latent_min[2], latent_max[2];
};
static_assert(sizeof(ModelCard) == 26 && sizeof(LoudnessMap) == 4468);

// Blocks from silence on: z, dry, and the wet that golden gives, integers of 16 bits whichever the
// scheme.
struct TestVectors {
  const uint8_t* bytes;
  int blocks;
};

// Fills in all three, `info->loudness` with `loudness`; model_id is not the card's to say. False,
// and nothing is to be used, when it is no sound card of that scheme.
bool ReadCard(const uint8_t* card, size_t size, Scheme scheme, ModelInfo* info,
              LoudnessMap* loudness, TestVectors* vectors);

// One block of the vectors: z (2), dry and wet (block_size).
void ReadTestBlock(const TestVectors& vectors, int block_size, int block, int16_t* z, int16_t* dry,
                   int16_t* wet);

}  // namespace gritspace
