// SPDX-License-Identifier: MIT
// A codec that exists in time only: a timer ends each of its blocks, two buffers take turns as
// under DMA. A block is captured in one period, played in the next and heard in the one after. It
// hears a test tone, or what a live job brings; see live_job.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "boards/board.h"

namespace gritspace::codec {

void Start(board::AudioCallback callback, size_t block_size, uint32_t sample_rate_hz);

uint32_t LostBlocks();

// After a sleep, interrupts still masked: what the codec missed then is no block of the firmware's.
// QEMU may let the processor sleep for too long, when the machine it runs on has other work.
void ForgiveOversleeping();

// Silence, beginning with what has been played and not yet been heard; for faults, of which nothing
// comes back.
void Mute();

}  // namespace gritspace::codec

extern "C" void CodecInterrupt();
