// SPDX-License-Identifier: MIT
// The Seed's codec at 48 kHz and 24 bits: left in, and the same out of both sides.
#pragma once

#include <cstddef>

#include "boards/board.h"

namespace gritspace::audio {

// After DaisySeed::Init, which has found out which codec this revision has.
void Start(board::AudioCallback callback, size_t block_size, size_t latency_samples);

// Silence in both halves, which DMA goes on repeating.
void Mute();

}  // namespace gritspace::audio
