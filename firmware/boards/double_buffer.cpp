// SPDX-License-Identifier: MIT
// Two halves that take turns. See double_buffer.h.
#include "boards/double_buffer.h"

#include <algorithm>
#include <cstring>

#include "boards/masked.h"
#include "core/codec.h"
#include "core/processor.h"
#include "generated/protocol.h"

namespace gritspace::double_buffer {
namespace {

constexpr int32_t kSilence[protocol::kMaxBlockSize] = {};

board::AudioCallback play = nullptr;
Deliver deliver = nullptr;
size_t block_size = 0, latency = 0;

// What was captured in a period, and was heard in it, are in the same half; the audio thread takes
// the one and fills the other while the other half is heard.
int32_t captured[2][protocol::kMaxBlockSize];
int32_t heard[2][protocol::kMaxBlockSize];
int32_t dry[Processor::kMaxLatency + 1 + protocol::kMaxBlockSize];  // of the past, and a block

volatile uint32_t periods = 0;  // that have ended
volatile bool in_time = true;   // the block that was captured last has been played
volatile uint32_t lost_blocks = 0;

// Of the audio thread.
int32_t last_played = 0;      // sample, heard or not
volatile bool silent = true;  // the module, in the block it played last
uint32_t last_period = 0;     // whose block that was

size_t HalfOf(uint32_t period) { return period % 2; }

// Fills the half, which is heard next after the other one, and without a step between them: what
// `block` would add to the other half's last sample, instead of to `before`, fades out.
void Fill(size_t half, const int32_t* block, int32_t before) {
  const int32_t gap = heard[1 - half][block_size - 1] - before;
  const float step = static_cast<float>(gap) / static_cast<float>(block_size);
  for (size_t i = 0; i < block_size; ++i) {
    const auto bend = static_cast<int32_t>(step * static_cast<float>(block_size - 1 - i));
    heard[half][i] = std::clamp(block[i] + bend, -kCodecFullScale, kCodecFullScale - 1);
  }
  deliver(heard[half]);
}

// What is heard if nobody plays the block in time: its input, as late as the module's dry sound;
// nothing while the module itself is silent, as after power-up.
void FillDry(size_t half) {
  std::memmove(dry, dry + block_size, (latency + 1) * sizeof(dry[0]));
  std::memcpy(dry + latency + 1, captured[half], block_size * sizeof(dry[0]));
  silent ? Fill(half, kSilence, 0) : Fill(half, dry + 1, dry[0]);
}

// Before the end of its period, or DMA has already begun to read the half. A block that does not
// follow on the one played last begins with the step of that gap.
void FillPlayed(uint32_t period, const int32_t* block) {
  const bool follows = period == last_period + 1;
  const Masked masked;
  if (follows && period == periods) {
    Fill(HalfOf(period), block, last_played);
    in_time = true;
  }
}

}  // namespace

void Start(board::AudioCallback callback, Deliver to, size_t block, size_t latency_samples) {
  play = callback;
  deliver = to;
  block_size = block;
  latency = latency_samples;
}

uint32_t LostBlocks() { return lost_blocks; }

void EndPeriod(const int32_t* block) {
  if (!in_time) lost_blocks = lost_blocks + 1;
  in_time = false;
  periods = periods + 1;
  const size_t half = HalfOf(periods);
  std::memcpy(captured[half], block, block_size * sizeof(captured[half][0]));
  FillDry(half);
}

void PlayCaptured() {
  static float in[protocol::kMaxBlockSize], out[protocol::kMaxBlockSize];
  static int32_t block[protocol::kMaxBlockSize];
  const uint32_t period = periods;
  const int32_t* const samples = captured[HalfOf(period)];
  for (size_t i = 0; i < block_size; ++i) in[i] = FromCodec(samples[i]);
  play(in, out);
  for (size_t i = 0; i < block_size; ++i) block[i] = ToCodec(out[i]);
  FillPlayed(period, block);
  silent = std::all_of(block, block + block_size, [](int32_t sample) { return sample == 0; });
  last_played = block[block_size - 1];
  last_period = period;
}

}  // namespace gritspace::double_buffer
