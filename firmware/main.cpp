// SPDX-License-Identifier: MIT
// The firmware of every board with a processor of its own: wires the board to the core and loops.
// Depends on boards/board.h and core/; the host board is a library and has no main.
#include "boards/board.h"
#include "core/link.h"
#include "core/live.h"

namespace {

namespace board = gritspace::board;

gritspace::Live live;
gritspace::Link link({GRITSPACE_VERSION, board::kName}, &live);

// Audio thread.
void PlayBlock(const float* in, float* out) {
  const uint32_t start = board::Cycles();
  board::Show(live.Play(board::ReadPanel(), in, out));
  live.Finish(board::Cycles() - start, board::LostBlocks());
}

}  // namespace

int main() {
  board::Init();
  const gritspace::ModelInfo& model = gritspace::Live::Model();
  live.PowerUp(board::CyclesOfBlock(model.block_size, model.sample_rate_hz), board::kHasPanel);
  if (board::WasStuck()) live.SetFault(gritspace::protocol::Fault::kRestartedByTheWatchdog);
  board::StartAudio(PlayBlock, model.block_size, model.sample_rate_hz);
  for (;;) {
    uint8_t byte = 0;
    if (board::Read(&byte)) {  // one a turn: no flood of bytes keeps the watchdog waiting
      const gritspace::Bytes reply = link.Receive(byte);
      board::Write(reply.data, reply.size);
    }
    if (board::ReadMidi(&byte)) live.TakeMidi(byte);
    if (live.Tend()) board::FeedWatchdog();
    board::Wait();
  }
}
