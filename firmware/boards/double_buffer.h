// SPDX-License-Identifier: MIT
// What stands between a codec's DMA, which never waits, and the audio thread, which may be late:
// two buffers that take turns. A block is captured in one period, played in the next and heard in
// the one after. One that nobody plays in time is heard dry. Depends on board.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "boards/board.h"

namespace gritspace::double_buffer {

// Takes a block of the codec's samples, which is heard after the one that is being heard now. Comes
// once or twice a period, with interrupts masked or from DMA's.
using Deliver = void (*)(const int32_t* block);

// Before the first period ends. See board::StartAudio.
void Start(board::AudioCallback callback, Deliver deliver, size_t block_size,
           size_t latency_samples);

// DMA's interrupt, at the end of a period in which the block was captured; raise the audio thread's
// after it. Nobody is asked to play.
void EndPeriod(const int32_t* block);

// The audio thread, an interrupt of lower priority: plays what was captured last.
void PlayCaptured();

uint32_t LostBlocks();  // that nobody played in time

}  // namespace gritspace::double_buffer
