// SPDX-License-Identifier: MIT
// The whole module offline, for boards of the bench: a block's panel and audio in, audio and what
// became of them out, through Live's bench. The twin of host_tools/playback.py.
#pragma once

#include <cstdint>

#include "core/live.h"
#include "generated/protocol.h"

namespace gritspace {

// What recordings count a block's time in, so that the same recording overloads every board.
inline constexpr uint32_t kPlaybackBudgetCycles = 1000;

struct __attribute__((packed)) PlayInput {
  uint16_t adc[protocol::kAdcChannels];
  uint8_t inputs;   // protocol::kInput bits
  uint32_t cycles;  // that the overload guard is told the block took
};
static_assert(sizeof(PlayInput) == 21);

struct __attribute__((packed)) PlayOutput {
  int16_t z[protocol::kLatentSize];  // what the decoder played
  uint16_t flags;                    // protocol::kFlag bits
  uint8_t leds[kLeds];
  uint8_t crossfaded;  // 1: from the z of the block before to this one
  uint8_t rested;      // 1: the decoder was not asked
};
static_assert(sizeof(PlayOutput) == 12);

// Plays the next block of the bench session that `live` is in; `dry` and `wet` are a block of the
// codec's samples.
PlayOutput PlayBlock(Live* live, const PlayInput& input, const int32_t* dry, int32_t* wet);

}  // namespace gritspace
