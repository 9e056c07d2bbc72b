// SPDX-License-Identifier: MIT
// The live firmware between files, for tests: the codec's and the serial line's ends are on the
// machine that QEMU runs on. With QEMU's -icount the same files give the same result.
//
// Command line: `live DRY LINE WET REPLIES [hang BLOCK | fault BLOCK]`. DRY holds what the codec
// captures (int32 of 24 bits), then comes silence; WET gets what is heard; LINE holds what arrives
// at the serial line, as fast as the firmware takes it; REPLIES gets what it sends. Ends QEMU when
// DRY and LINE are used up. `hang` stops the main loop after that many blocks, but not once the
// watchdog has restarted the board: then all begins anew. `fault` stops the audio thread with an
// undefined instruction.
#pragma once

#include <cstddef>
#include <cstdint>

#include "boards/qemu_m7/jobs.h"

namespace gritspace::live_job {

// Opens the files; the job then runs as the firmware does.
JobStatus Start(Words* words);
bool Runs();

// Audio thread. The codec's ends.
void Capture(int32_t* block, size_t block_size);
void Hear(const int32_t* block, size_t block_size);

// Main loop. The serial line's ends.
bool Read(uint8_t* byte);
void Write(const uint8_t* bytes, size_t count);
// Ends QEMU when there is no more to do. Never sleeps: what QEMU makes of time while the processor
// does is not the same twice.
void Wait();

}  // namespace gritspace::live_job
