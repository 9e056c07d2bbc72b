// SPDX-License-Identifier: MIT
// DMA's two halves and the audio thread. Past libDaisy's AudioHandle, which plays in DMA's own
// interrupt: there a late block could not be told, nor replaced. See audio.h.
#include "boards/daisy_seed/audio.h"

#include <cstdint>
#include <cstring>

#include "boards/daisy_seed/computer.h"
#include "boards/double_buffer.h"
#include "generated/protocol.h"

namespace gritspace::audio {
namespace {

constexpr size_t kChannels = 2;
constexpr size_t kMaxSamples = 2 * kChannels * protocol::kMaxBlockSize;

// Of 15, a lower one first. libDaisy gives all of its interrupts 0 but SysTick, which has 14.
constexpr uint32_t kAudioPriority = 8;

// Where DMA reaches them and no cache lies between. Not zeroed at start.
DMA_BUFFER_MEM_SECTION int32_t received[kMaxSamples];
DMA_BUFFER_MEM_SECTION int32_t sent[kMaxSamples];

int32_t* free_half = sent;  // heard next but one
size_t block_size = 0;
volatile bool muted = false;

void Deliver(const int32_t* block) {
  if (muted) return;
  for (size_t i = 0; i < block_size; ++i) {
    for (size_t side = 0; side < kChannels; ++side) free_half[kChannels * i + side] = block[i];
  }
}

// Of 24 bits, whatever stands above them.
int32_t SampleOf(int32_t word) {
  constexpr uint32_t kSign = 1U << 23;
  return static_cast<int32_t>((static_cast<uint32_t>(word) & 0xFFFFFFU) ^ kSign) - int32_t{kSign};
}

// DMA's interrupt: of either buffer the half that has just been used.
void EndPeriod(int32_t* in, int32_t* out, size_t /*samples*/) {
  static int32_t captured[protocol::kMaxBlockSize];
  for (size_t i = 0; i < block_size; ++i) captured[i] = SampleOf(in[kChannels * i]);
  free_half = out;
  double_buffer::EndPeriod(captured);
  SCB->ICSR = SCB_ICSR_PENDSVSET_Msk;
}

}  // namespace

void Start(board::AudioCallback callback, size_t block, size_t latency_samples) {
  block_size = block;
  double_buffer::Start(callback, Deliver, block, latency_samples);
  std::memset(sent, 0, sizeof(sent));
  NVIC_SetPriority(PendSV_IRQn, kAudioPriority);
  daisy::SaiHandle sai = computer.Sai();
  sai.StartDma(received, sent, 2 * kChannels * block, EndPeriod);
}

void Mute() {
  muted = true;  // the audio thread may go on
  std::memset(sent, 0, sizeof(sent));
}

}  // namespace gritspace::audio

extern "C" void PendSV_Handler() { gritspace::double_buffer::PlayCaptured(); }
