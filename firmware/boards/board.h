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
extern const bool kHasBootloader;

// Clocks, floating-point mode (denormals flush to zero), serial line, watchdog. Before everything
// else.
void Init();

// Why the board started this time: kNone, unless it did so by itself.
protocol::Fault LastFault();

// One block of the codec, full scale is 1; runs as an interrupt.
using AudioCallback = void (*)(const float* in, float* out);

// Starts the codec with blocks of this size. Of a block that is not played in time its input is
// heard, later by `latency_samples` as in the module's dry sound, and never what was played before.
void StartAudio(AudioCallback callback, size_t block_size, uint32_t sample_rate_hz,
                size_t latency_samples);

// A clock that wraps at 2^32, and how far it goes in one block; 0: there is none.
uint32_t Cycles();
uint32_t CyclesOfBlock(size_t block_size, uint32_t sample_rate_hz);

// Blocks that the codec asked for and nobody played in time, since StartAudio.
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

// Starts what takes a new image over USB, and does not return. Only with kHasBootloader.
void EnterBootloader();

}  // namespace gritspace::board
