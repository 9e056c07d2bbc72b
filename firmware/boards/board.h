// SPDX-License-Identifier: MIT
// What the firmware needs of a board; each folder beside this file implements it once, together
// with core/storage.h, and the build picks the folder. Nothing here allocates.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/panel.h"

namespace gritspace::board {

extern const char* const kName;  // as PlatformIO's environment is called
extern const bool kHasPanel;     // or the link turns the knobs

// Clocks, floating-point mode (denormals flush to zero), serial line, watchdog. Before everything
// else.
void Init();

// Whether the watchdog, and nobody else, started the board this time.
bool WasStuck();

// One block of the codec, full scale is 1; runs as an interrupt.
using AudioCallback = void (*)(const float* in, float* out);

// Starts the codec with blocks of this size.
void StartAudio(AudioCallback callback, size_t block_size, uint32_t sample_rate_hz);

// A clock that wraps at 2^32, and how far it goes in one block; 0: there is none.
uint32_t Cycles();
uint32_t CyclesOfBlock(size_t block_size, uint32_t sample_rate_hz);

// Blocks that the codec asked for and nobody played, since StartAudio.
uint32_t LostBlocks();

// Audio thread.
PanelInput ReadPanel();
void Show(const PanelOutput& lights);

// The next byte of the serial line, and of MIDI in; false when none has arrived.
bool Read(uint8_t* byte);
bool ReadMidi(uint8_t* byte);

// Sends the bytes; returns when the line has taken them.
void Write(const uint8_t* bytes, size_t count);

// Must come twice a second, or the board starts anew.
void FeedWatchdog();

// Sleeps until something may have arrived.
void Wait();

}  // namespace gritspace::board
