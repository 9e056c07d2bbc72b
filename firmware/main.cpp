// SPDX-License-Identifier: MIT
// The firmware of every board with a processor of its own: wires the board to the core and loops.
// Depends on boards/board.h and core/; the host board is a library and has no main.
#include "boards/board.h"
#include "core/link.h"
#include "core/live.h"

namespace {

namespace board = gritspace::board;
using gritspace::protocol::Fault;

gritspace::Live live;
gritspace::Upload upload(board::Cycles, &live);
gritspace::Link link({GRITSPACE_VERSION, board::kName, board::kHasBootloader}, &live, &upload);

// Audio thread.
void PlayBlock(const float* in, float* out) {
  const uint32_t start = board::Cycles();
  board::Show(live.Play(board::ReadPanel(), in, out));
  live.Finish(board::Cycles() - start, board::LostBlocks());
}

// An eighth of a block's time is kept: the module has to notice that it is too slow before the
// codec does.
uint32_t BudgetCycles(const gritspace::ModelInfo& model) {
  const uint32_t cycles = board::CyclesOfBlock(model.block_size, model.sample_rate_hz);
  return cycles - cycles / 8;
}

}  // namespace

int main() {
  board::Init();
  const bool restored = upload.Restore();
  const gritspace::ModelInfo& model = gritspace::Live::Model();
  live.PowerUp(BudgetCycles(model), board::kHasPanel);
  if (!restored) live.SetFault(Fault::kModelLost);
  if (board::LastFault() != Fault::kNone) live.SetFault(board::LastFault());
  board::StartAudio(PlayBlock, model.block_size, model.sample_rate_hz, model.latency_samples);
  for (;;) {
    uint8_t byte = 0;
    if (board::Read(&byte)) {  // one a turn: no flood of bytes keeps the watchdog waiting
      const gritspace::Bytes reply = link.Receive(byte);
      board::Write(reply.data, reply.size);
      if (link.leaving()) board::EnterBootloader();
    }
    // The bench hears nobody else: the same inputs give it the same bits.
    if (board::ReadMidi(&byte) && !live.bench()) live.TakeMidi(byte);
    if (live.Tend()) board::FeedWatchdog();
    board::Wait();
  }
}
