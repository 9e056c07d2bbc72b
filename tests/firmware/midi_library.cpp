// SPDX-License-Identifier: MIT
// core/midi.h for Python's ctypes: whole streams of bytes, nothing else.
#include <cstddef>

#include "core/midi.h"

extern "C" {

// `kinds` and `values`: what each byte brought.
void read_midi(const uint8_t* bytes, size_t count, uint8_t channel, uint8_t* kinds,
               uint8_t* values) {
  gritspace::Midi midi;
  for (size_t i = 0; i < count; ++i) {
    const gritspace::MidiEvent event = midi.Read(bytes[i], channel);
    kinds[i] = static_cast<uint8_t>(event.kind);
    values[i] = event.value;
  }
}

}  // extern "C"
