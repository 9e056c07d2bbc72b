// SPDX-License-Identifier: MIT
// The decoder as the rest of the firmware sees it: blocks of integers in, blocks of integers out.
// Each engine implements this header, the build chooses one. Inputs are trusted; core/link.h checks
// them.
#pragma once

#include <cstdint>

#include "core/loudness.h"

namespace gritspace {

// More than any decoder's receptive field, or the tools refuse it: what it was given longer ago is
// forgotten.
inline constexpr float kSettlingSeconds = 0.02F;

// TFLite's two full-integer schemes, by their numbers on the link.
enum class Scheme : uint8_t { kInt8 = 0, kInt16x8 = 1 };
inline constexpr int kSchemeCount = 2;

// What a decoder says of itself. Samples and z are integers of the scheme, in int16_t whichever it
// is.
struct ModelInfo {
  Scheme scheme;
  uint32_t model_id;  // the first four bytes of the .tflite's SHA-256, read as one number
  uint32_t sample_rate_hz;
  uint16_t block_size;       // samples
  uint16_t latency_samples;  // how far wet lags behind dry
  int16_t sample_min, sample_max;
  uint16_t channels;  // of the residual stream
  uint16_t layers;
  int16_t latent_min[2], latent_max[2];  // z at the map's edges, X and Y
  const LoudnessMap* loudness;
};

namespace decoder {

// Some boards have room for 16-bit activations only; asked for the others, as by settings of
// another board, they play those.
bool Has(Scheme scheme);

const ModelInfo& Info(Scheme scheme);

// Silence: all history at zero.
void Reset(Scheme scheme);

// Audio thread. One block: `dry` and `wet` hold block_size samples, `z` one integer an axis of the
// map. Zeros that have lasted give zeros, wherever z is and however it moves.
void Process(Scheme scheme, const int16_t* dry, const int16_t* z, int16_t* wet);

// Audio thread. The same, but the history stays as it was: the coming block at another z. Played
// before Process, it gives the crossfade from the old z to the new one.
void Preview(Scheme scheme, const int16_t* dry, const int16_t* z, int16_t* wet);

// For finding where two engines part: the residual stream of the last block before layer `layer`
// (0: after the gains; `layers`: what the output convolution read), to block_size x channels
// integers.
void ReadStream(Scheme scheme, int layer, int16_t* stream);

}  // namespace decoder
}  // namespace gritspace
