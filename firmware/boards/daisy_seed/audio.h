// SPDX-License-Identifier: MIT
// The codec at 48 kHz and 24 bits: left in, and the same out of both sides.
#pragma once

#include <cstddef>

#include "boards/board.h"

namespace gritspace::audio {

// After Computer::Start, which has set up the codec, on a Seed that of its revision.
void Start(board::AudioCallback callback, size_t block_size, size_t latency_samples);

// Silence in both halves, which DMA goes on repeating.
void Mute();

}  // namespace gritspace::audio
