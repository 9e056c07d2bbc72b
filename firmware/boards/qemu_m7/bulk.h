// SPDX-License-Identifier: MIT
// The job `bulk`: recordings through the decoder alone, file to file. QEMU's serial line takes tens
// of kB/s, its semihosting hundreds of MB/s.
//
// `bulk SCHEME BLOCK_SIZE INPUT OUTPUT`, scheme by its code, names without spaces. INPUT holds the
// payloads of PROCESS packets one after another (z[2], dry[block_size]; int16, little-endian),
// OUTPUT gets those of WET (wet[block_size]). The decoder starts from silence.
#pragma once

#include "boards/qemu_m7/jobs.h"

namespace gritspace {

JobStatus RunBulk(Words* words);

}  // namespace gritspace
