// SPDX-License-Identifier: MIT
// The virtual codec on TIMER0. See codec.h.
#include "boards/qemu_m7/codec.h"

#include <cstring>

#include "boards/qemu_m7/live_job.h"
#include "boards/qemu_m7/registers.h"
#include "boards/test_tone.h"
#include "core/codec.h"
#include "generated/protocol.h"

namespace gritspace::codec {
namespace {

constexpr uint8_t kPriority = 0x40;  // the serial line's may interrupt: it takes a byte, no more

board::AudioCallback play = nullptr;
size_t block_size = 0;
uint32_t period_cycles = 0;
uint32_t period_end = 0;  // of the period that runs, on board::Cycles's clock
volatile uint32_t lost_blocks = 0;

TestTone tone;
int32_t captured[protocol::kMaxBlockSize];
int32_t played[2][protocol::kMaxBlockSize];  // heard in turn
int half = 0;                                // heard in the period that ended last

// What DMA has done in the meantime: one half was heard, a block was captured.
void EndPeriod() {
  period_end += period_cycles;
  half = 1 - half;
  if (live_job::Runs()) {
    live_job::Hear(played[half], block_size);
    live_job::Capture(captured, block_size);
  } else {
    tone.Fill(captured, block_size);
  }
}

// By a period or more: a block has ended that nobody can play any more, and an old one is heard
// again.
bool IsLate() {
  const auto late = static_cast<int32_t>(board::Cycles() - period_end);
  return late >= static_cast<int32_t>(period_cycles);
}

void EndPeriods() {
  for (; IsLate(); lost_blocks = lost_blocks + 1) EndPeriod();
  EndPeriod();
}

// The half that has just been heard is free for the block that has just been captured.
void PlayCaptured() {
  static float in[protocol::kMaxBlockSize], out[protocol::kMaxBlockSize];
  for (size_t i = 0; i < block_size; ++i) in[i] = FromCodec(captured[i]);
  play(in, out);
  for (size_t i = 0; i < block_size; ++i) played[half][i] = ToCodec(out[i]);
}

}  // namespace

void Start(board::AudioCallback callback, size_t block, uint32_t sample_rate_hz) {
  play = callback;
  block_size = block;
  period_cycles = board::CyclesOfBlock(block, sample_rate_hz);
  tone.Init(sample_rate_hz);
  period_end = board::Cycles() + period_cycles;
  Timer0().reload = period_cycles - 1;  // it stays at zero for one cycle
  Timer0().control = Timer::kEnable | Timer::kInterrupt;
  Enable(Interrupt::kTimer0, kPriority);
}

uint32_t LostBlocks() { return lost_blocks; }

void ForgiveOversleeping() {
  while (IsLate()) period_end += period_cycles;
}

void Mute() {
  std::memset(played, 0, sizeof(played));
  if (!live_job::Runs()) return;
  for (int i = 0; i < 2; ++i) live_job::Hear(played[i], block_size);
}

}  // namespace gritspace::codec

void CodecInterrupt() {
  gritspace::Timer0().interrupt = 1;
  gritspace::codec::EndPeriods();
  gritspace::codec::PlayCaptured();
}
