// SPDX-License-Identifier: MIT
// MIDI bytes to what they ask for: control changes and program changes, running status, real-time
// bytes anywhere, system exclusive skipped. Source: MIDI 1.0 Detailed Specification 4.2.1. Main
// loop.
#pragma once

#include <cstdint>

namespace gritspace {

struct MidiEvent {
  enum class Kind : uint8_t {
    kNone,
    kMoveX,         // CC 14; value 0..127
    kMoveY,         // CC 15
    kRecallPreset,  // program change, or CC 20; value: the preset, 0..7
    kStorePreset,   // CC 21
    kFreeze,        // CC 80; value 1 (64..127) or 0
    kBypass,        // CC 81
  };
  Kind kind = Kind::kNone;
  uint8_t value = 0;
};

class Midi {
 public:
  // What this byte completes, if it is meant for `channel` (1..16, or 0: any). Presets beyond the
  // last are no event.
  MidiEvent Read(uint8_t byte, uint8_t channel);

 private:
  uint8_t status_ = 0;  // running status; 0: none, data bytes mean nothing
  uint8_t controller_ = 0;
  bool has_controller_ = false;  // a control change waits for its value
};

}  // namespace gritspace
