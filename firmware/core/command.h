// SPDX-License-Identifier: MIT
// What a player asks for other than by knobs, over MIDI or over the link, and what the map must
// know of new settings. From the main loop to the audio thread.
#pragma once

#include <cstdint>

namespace gritspace {

struct Command {
  enum class Kind : uint8_t {
    kRecallPreset,  // value: its index
    kMoveX,         // value: -1..1, the map's edges
    kMoveY,
    kFreeze,        // value: 1 on, 0 off
    kBypass,        // value: 1 on, 0 off
    kRecalibrated,  // the pots will seem to move, and no hand turned them
  };
  Kind kind;
  float value;
};

}  // namespace gritspace
