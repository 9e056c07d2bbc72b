// SPDX-License-Identifier: MIT
// The module on a Daisy Seed or a Patch SM, by libDaisy: clocks, the order in which things start,
// the main loop's sleep. Audio, panel, USB, flash and restarts have their own files.
#include "boards/board.h"

#include "boards/daisy_seed/audio.h"
#include "boards/daisy_seed/board_pins.h"
#include "boards/daisy_seed/computer.h"
#include "boards/daisy_seed/panel.h"
#include "boards/daisy_seed/restart.h"
#include "boards/daisy_seed/usb_serial.h"
#include "boards/double_buffer.h"
#include "boards/masked.h"

namespace gritspace {

Computer computer;

namespace board {
namespace {

// Denormals flush to zero, here and, by FPDSCR, in interrupts: each begins with what stands there
// (Armv7-M B1.4.7). libDaisy sets neither.
void FlushDenormals() {
  __set_FPSCR(__get_FPSCR() | FPU_FPDSCR_FZ_Msk);
  FPU->FPDSCR |= FPU_FPDSCR_FZ_Msk;
}

// The clock of Cycles (Armv7-M C1.8); behind a lock since the Cortex-M7.
void StartCycleCounter() {
  constexpr uint32_t kUnlock = 0xC5ACCE55;
  CoreDebug->DEMCR |= CoreDebug_DEMCR_TRCENA_Msk;
  DWT->LAR = kUnlock;
  DWT->CTRL |= DWT_CTRL_CYCCNTENA_Msk;
}

// STM32H750's reference manual RM0433, chapter 43: 32 kHz / 64, and 500 of those: a second. A
// sector of the flash may need 0.4 s, in which the main loop waits.
void StartWatchdog() {
  IWDG1->KR = 0xCCCC;
  IWDG1->KR = 0x5555;
  IWDG1->PR = 4;
  IWDG1->RLR = 500;
  FeedWatchdog();
}

}  // namespace

const char* const kName = pins::kBoard;
const bool kHasPanel = true;
const bool kHasBootloader = true;

void Init() {
  restart::Begin();
  computer.Start();
  FlushDenormals();
  StartCycleCounter();
  panel::Start();
  usb_serial::Start();
  StartWatchdog();
}

void StartAudio(AudioCallback callback, size_t block_size, uint32_t /*sample_rate_hz*/,
                size_t latency_samples) {
  audio::Start(callback, block_size, latency_samples);
}

uint32_t LostBlocks() { return double_buffer::LostBlocks(); }

uint32_t Cycles() { return DWT->CYCCNT; }

uint32_t CyclesOfBlock(size_t block_size, uint32_t sample_rate_hz) {
  return static_cast<uint32_t>(uint64_t{SystemCoreClock} * block_size / sample_rate_hz);
}

bool Read(uint8_t* byte) { return usb_serial::Read(byte); }
void Write(const uint8_t* bytes, size_t count) { usb_serial::Write(bytes, count); }

bool ReadMidi(uint8_t* /*byte*/) { return false; }  // revision A has no MIDI in

void FeedWatchdog() { IWDG1->KR = 0xAAAA; }

// A byte that comes after the question, but before the sleep, ends the sleep at once: a masked
// interrupt wakes the core, too (Armv7-M B1.5.18).
void Wait() {
  const Masked masked;
  if (!usb_serial::HasByte()) __WFI();
}

// The microcontroller's own, for dfu-util. libDaisy's delay needs interrupts.
void EnterBootloader() {
  audio::Mute();
  daisy::System::ResetToBootloader(daisy::System::BootloaderMode::STM);
}

}  // namespace board
}  // namespace gritspace
