// SPDX-License-Identifier: MIT
// The live firmware between files, for tests: the codec's and the serial line's ends are on the
// machine that QEMU runs on. With QEMU's -icount the same files give the same result.
//
// Command line: `live DRY LINE WET REPLIES [MISHAP BLOCK [BLOCKS]]`. DRY holds what the codec
// captures (int32 of 24 bits), then comes silence; WET gets what is heard; LINE holds what arrives
// at the serial line, as fast as the firmware takes it; REPLIES gets what it sends. Ends QEMU when
// DRY and LINE are used up. When the board has restarted, DRY and LINE begin anew, and what comes
// out goes on.
//
// A mishap happens when that many blocks have been captured. `hang`: the main loop goes round and
// round; `stall`: the audio thread does; both not again in a board that has restarted. `fault`: the
// audio thread meets an undefined instruction. `late BLOCKS`: so many blocks, one after the other,
// take longer than there is time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "boards/qemu_m7/jobs.h"

namespace gritspace::live_job {

// Opens the files; the job then runs as the firmware does.
JobStatus Start(Words* words);
bool Runs();

// The codec's ends, for DMA.
void Capture(int32_t* block, size_t block_size);
void Hear(const int32_t* block, size_t block_size);

// Audio thread. Within a block's time.
void MeetMishap();

// Main loop. The serial line's ends.
bool Read(uint8_t* byte);
void Write(const uint8_t* bytes, size_t count);
// Ends QEMU when there is no more to do. Never sleeps: what QEMU makes of time while the processor
// does is not the same twice.
void Wait();

}  // namespace gritspace::live_job
