// SPDX-License-Identifier: MIT
// The virtual codec: TIMER0 is its DMA, which interrupts the audio thread. See codec.h.
#include "boards/qemu_m7/codec.h"

#include <cstring>

#include "boards/double_buffer.h"
#include "boards/qemu_m7/live_job.h"
#include "boards/qemu_m7/registers.h"
#include "boards/test_tone.h"
#include "generated/protocol.h"

namespace gritspace::codec {
namespace {

constexpr uint8_t kDmaPriority = 0x40;  // the serial line's may interrupt: it takes a byte, no more
constexpr uint8_t kAudioPriority = 0x80;
constexpr int32_t kSilence[protocol::kMaxBlockSize] = {};

size_t block_size = 0;
int32_t heard[2][protocol::kMaxBlockSize];  // in this period and in the next
size_t half = 0;                            // the one that may be filled
TestTone tone;
volatile bool muted = false;

void Deliver(const int32_t* block) { std::memcpy(heard[half], block, block_size * sizeof(*block)); }

}  // namespace

void Start(board::AudioCallback callback, size_t block, uint32_t sample_rate_hz,
           size_t latency_samples) {
  block_size = block;
  double_buffer::Start(callback, Deliver, block, latency_samples);
  tone.Init(sample_rate_hz);
  SetPriorityOfPendSv(kAudioPriority);
  Timer0().reload = board::CyclesOfBlock(block, sample_rate_hz) - 1;  // and one cycle at zero
  Timer0().control = Timer::kEnable | Timer::kInterrupt;
  Enable(Interrupt::kTimer0, kDmaPriority);
}

void ForgiveOversleeping() {
  if (Timer0().interrupt != 0) Timer0().value = Timer0().reload;
}

void EndPeriod() {
  if (block_size == 0) return;  // before Start
  static int32_t captured[protocol::kMaxBlockSize];
  half = 1 - half;
  if (live_job::Runs()) {
    live_job::Hear(muted ? kSilence : heard[half], block_size);
    live_job::Capture(captured, block_size);
  } else {
    tone.Fill(captured, block_size);
  }
  double_buffer::EndPeriod(captured);
}

void Mute(bool mute) { muted = mute; }

}  // namespace gritspace::codec

void DmaInterrupt() {
  gritspace::Timer0().interrupt = 1;
  gritspace::codec::EndPeriod();
  gritspace::PendSv();
}

void CodecInterrupt() { gritspace::double_buffer::PlayCaptured(); }
