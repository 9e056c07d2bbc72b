// SPDX-License-Identifier: MIT
// A codec that exists in time only: a timer ends each of its periods, as DMA does with the two
// halves of double_buffer.h. It hears a test tone, or what a live job brings; see live_job.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include "boards/board.h"

namespace gritspace::codec {

void Start(board::AudioCallback callback, size_t block, uint32_t sample_rate_hz,
           size_t latency_samples);

// After a sleep, interrupts still masked: the block that was captured then has a whole period,
// however long it was. QEMU may let the processor sleep for too long, when the machine it runs on
// has other work.
void ForgiveOversleeping();

// What DMA does at the end of a period; nobody is asked to play.
void EndPeriod();

// The pin of the codec: silence from now on, and what is played goes unheard.
void Mute(bool muted);

}  // namespace gritspace::codec

extern "C" void DmaInterrupt();    // TIMER0's
extern "C" void CodecInterrupt();  // PendSV; the audio thread
