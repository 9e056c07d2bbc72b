// SPDX-License-Identifier: MIT
// QEMU's Cortex-M7 machine (mps2-an500): a module without jacks and knobs. UART0 is its serial
// line, TIMER1 its clock; codec, watchdog, restarts and storage have their own files.
#include "boards/board.h"

#include "boards/double_buffer.h"
#include "boards/panel_at_rest.h"
#include "boards/qemu_m7/codec.h"
#include "boards/qemu_m7/jobs.h"
#include "boards/qemu_m7/live_job.h"
#include "boards/qemu_m7/registers.h"
#include "boards/qemu_m7/restart.h"
#include "boards/qemu_m7/serial.h"
#include "boards/qemu_m7/watchdog.h"

namespace gritspace::board {

const char* const kName = "qemu_m7";
const bool kHasPanel = false;
const bool kHasBootloader = false;

void Init() {
  restart::Begin();
  Timer1().reload = 0xFFFFFFFF;
  Timer1().control = Timer::kEnable;
  DoJobs();
  watchdog::Start();
  serial::Start();
}

void StartAudio(AudioCallback callback, size_t block_size, uint32_t sample_rate_hz,
                size_t latency_samples) {
  codec::Start(callback, block_size, sample_rate_hz, latency_samples);
}

uint32_t LostBlocks() { return double_buffer::LostBlocks(); }

uint32_t Cycles() { return ~Timer1().value; }

uint32_t CyclesOfBlock(size_t block_size, uint32_t sample_rate_hz) {
  return static_cast<uint32_t>(uint64_t{kPeripheralClockHz} * block_size / sample_rate_hz);
}

PanelInput ReadPanel() {
  if (live_job::Runs()) live_job::MeetMishap();
  return PanelAtRest();
}
void Show(const PanelOutput& /*lights*/) {}

bool ReadMidi(uint8_t* /*byte*/) { return false; }

bool Read(uint8_t* byte) { return live_job::Runs() ? live_job::Read(byte) : serial::Read(byte); }

void Write(const uint8_t* bytes, size_t count) {
  live_job::Runs() ? live_job::Write(bytes, count) : serial::Write(bytes, count);
}

// A byte that comes after the question, but before the sleep, ends the sleep at once: a masked
// interrupt wakes the core, too (Armv7-M B1.5.18).
void Wait() {
  if (live_job::Runs()) return live_job::Wait();
  __asm__ volatile("cpsid i" ::: "memory");
  if (!serial::HasByte()) {
    __asm__ volatile("wfi" ::: "memory");
    codec::ForgiveOversleeping();
  }
  __asm__ volatile("cpsie i" ::: "memory");
}

void EnterBootloader() {}

}  // namespace gritspace::board
