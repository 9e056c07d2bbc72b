// SPDX-License-Identifier: MIT
// Whole recordings through the decoder, file to file: QEMU's serial line takes 8-36 kB/s, its
// semihosting hundreds of MB/s. For the bench only; called once, before the link starts.
//
// Command line: `bulk SCHEME BLOCK_SIZE INPUT OUTPUT`, scheme by its code, names without spaces.
// INPUT holds the payloads of PROCESS packets one after another (z[2], dry[block_size]; int16,
// little-endian), OUTPUT gets those of WET (wet[block_size]). The decoder starts from silence.
#pragma once

namespace gritspace {

// QEMU's exit status; those of failures are sysexits.h's.
enum class BulkStatus { kDone = 0, kUsage = 64, kOutOfRange = 65, kFile = 74 };

// Ends QEMU after the work when the command line asks for it; returns at once when it does not.
void RunBulkAndExitIfAsked();

}  // namespace gritspace
