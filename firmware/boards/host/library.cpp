// SPDX-License-Identifier: MIT
// The firmware as a shared library, for Python's ctypes: the same link and decoder as on a module,
// plus whole recordings at once. One device for each loaded copy of the library; one thread.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/decoder.h"
#include "core/link.h"

namespace {

using gritspace::Bytes;
using gritspace::Link;

Link device_link({GRITSPACE_VERSION, "host"});

}  // namespace

extern "C" {

// Bytes that the longest reply takes on the line.
size_t gritspace_reply_capacity() {
  return gritspace::FramedSize(gritspace::protocol::kMaxPacketBytes);
}

// Gives bytes of the line to the link until one ends a request. Returns how many it took; `reply`
// and `*reply_size` then hold the answer, if there is one.
size_t gritspace_receive(const uint8_t* bytes, size_t count, uint8_t* reply, size_t* reply_size) {
  *reply_size = 0;
  for (size_t taken = 0; taken < count;) {
    const Bytes answer = device_link.Receive(bytes[taken++]);
    if (answer.size == 0) continue;
    std::memcpy(reply, answer.data, answer.size);
    *reply_size = answer.size;
    return taken;
  }
  return count;
}

// Plays `blocks` blocks of audio from silence, with `z` (blocks, 2) and `dry`, `wet` (blocks,
// block_size). Returns 0, or 1 + the block that holds an integer outside the scheme's range, or -1
// when the scheme or the block size is not the decoder's.
int64_t gritspace_process_bulk(uint8_t scheme_code, uint32_t block_size, size_t blocks,
                               const int16_t* z, const int16_t* dry, int16_t* wet) {
  if (scheme_code >= gritspace::kSchemeCount) return -1;
  const auto scheme = static_cast<gritspace::Scheme>(scheme_code);
  const gritspace::ModelInfo& model = gritspace::decoder::Info(scheme);
  if (block_size != model.block_size) return -1;
  gritspace::decoder::Reset(scheme);
  for (size_t block = 0; block < blocks; ++block) {
    if (!gritspace::WithinRange(model, z, gritspace::protocol::kLatentSize) ||
        !gritspace::WithinRange(model, dry, block_size)) {
      return static_cast<int64_t>(block) + 1;
    }
    gritspace::decoder::Process(scheme, dry, z, wet);
    z += gritspace::protocol::kLatentSize;
    dry += block_size;
    wet += block_size;
  }
  return 0;
}

}  // extern "C"
