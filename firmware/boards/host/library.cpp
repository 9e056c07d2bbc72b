// SPDX-License-Identifier: MIT
// The firmware as a shared library, for Python's ctypes: the same link and module as on a board, a
// codec that plays when it is told to, plus whole recordings at once. One device for each loaded
// copy of the library; one thread.
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "boards/flash_image.h"
#include "boards/panel_at_rest.h"
#include "boards/playback.h"
#include "boards/test_tone.h"
#include "core/decoder.h"
#include "core/link.h"
#include "core/live.h"
#include "core/storage.h"

namespace {

using gritspace::Bytes;
using gritspace::Live;

gritspace::FlashImage flash;
Live live;
gritspace::Upload upload([] { return uint32_t{0}; }, &live);  // it has no clock
gritspace::Link device_link({GRITSPACE_VERSION, "host", false}, &live, &upload);
gritspace::TestTone tone;

// The decoder's integers of the last block: dry, wet, and wet at the z before.
void CopyTaps(int16_t* taps) {
  const gritspace::Processor& processor = live.module().processor();
  const size_t block_size = Live::Model().block_size;
  const int16_t* const integers[] = {processor.dry_codes(), processor.wet_codes(),
                                     processor.before_codes()};
  for (const int16_t* from : integers) {
    std::memcpy(taps, from, block_size * sizeof(int16_t));
    taps += block_size;
  }
}

}  // namespace

namespace gritspace::storage {

bool Read(int sector, size_t offset, void* bytes, size_t count) {
  return flash.Read(sector, offset, bytes, count);
}
bool Erase(int sector) { return flash.Erase(sector); }
bool Program(int sector, size_t offset, const void* bytes, size_t count) {
  return flash.Program(sector, offset, bytes, count);
}

}  // namespace gritspace::storage

extern "C" {

// Both of all sectors, one after the other.
void gritspace_read_storage(uint8_t* bytes) {
  std::memcpy(bytes, flash.bytes(), gritspace::FlashImage::kBytes);
}
void gritspace_write_storage(const uint8_t* bytes) {
  std::memcpy(flash.bytes(), bytes, gritspace::FlashImage::kBytes);
}

// Gives the device power: once, after the storage has been written and before all that follows.
void gritspace_start() {
  const bool restored = upload.Restore();
  tone.Init(Live::Model().sample_rate_hz);
  live.PowerUp(gritspace::kPlaybackBudgetCycles, false);
  if (!restored) live.SetFault(gritspace::protocol::Fault::kModelLost);
}

size_t gritspace_block_size() { return Live::Model().block_size; }
uint32_t gritspace_sample_rate_hz() { return Live::Model().sample_rate_hz; }

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

// Lets the codec play this many blocks of its test tone; none while the bench has the module, which
// may take its time here.
void gritspace_run_codec(uint32_t blocks) {
  static int32_t samples[gritspace::protocol::kMaxBlockSize];
  static float audio[gritspace::protocol::kMaxBlockSize];
  const size_t block_size = Live::Model().block_size;
  for (; blocks > 0 && !live.bench(); --blocks) {
    tone.Fill(samples, block_size);
    for (size_t i = 0; i < block_size; ++i) audio[i] = gritspace::FromCodec(samples[i]);
    live.Play(gritspace::PanelAtRest(), audio, audio);
    live.Finish(0, 0);
  }
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

// Starts the module as if it had just got power, for gritspace_play.
void gritspace_power_up(int factory) { live.StartBench(factory != 0); }

// Plays the next `blocks` blocks through the whole module, with the stored settings where
// gritspace_power_up was not called: `dry` and `wet` (blocks, block_size) of
// the codec. `taps`, where it is not null, gets the decoder's integers (blocks, 3, block_size):
// dry, wet, and wet at the z of the block before.
void gritspace_play(size_t blocks, const gritspace::PlayInput* inputs, const int32_t* dry,
                    int32_t* wet, gritspace::PlayOutput* outputs, int16_t* taps) {
  const size_t block_size = Live::Model().block_size;
  if (!live.bench()) live.StartBench(false);
  for (size_t block = 0; block < blocks; ++block) {
    outputs[block] = PlayBlock(&live, inputs[block], dry, wet);
    dry += block_size;
    wet += block_size;
    if (taps == nullptr) continue;
    CopyTaps(taps);
    taps += 3 * block_size;
  }
}

}  // extern "C"
