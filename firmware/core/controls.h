// SPDX-License-Identifier: MIT
// The panel's codes to what they mean: calibrated, freed of noise, never smeared. Depends on
// panel.h, filters.h and the settings' calibration; knows nothing of the map or of audio.
#pragma once

#include <cstdint>

#include "core/filters.h"
#include "core/panel.h"
#include "generated/protocol.h"

namespace gritspace {

// What the player's hands and cables say in this block.
struct Gestures {
  float x, y;           // pots, -1..1: the map's edges
  float cv_x, cv_y;     // attenuverted, in the same unit: at full attenuverter 5 V is 1
  float level;          // 0..1
  float mix;            // 0..1
  bool gate;            // high
  bool gate_rose;       // in this block
  bool freeze_pressed;  // the button was let go after a short press
  bool bypass_pressed;  // the button has been down long enough, just now
};

class Controls {
 public:
  // `block_rate_hz`: how often Process is called.
  void Init(float block_rate_hz);

  // Audio thread, once a block. The first call takes the panel as it is, without any smoothing.
  Gestures Process(const PanelInput& panel, const protocol::Settings& settings);

 private:
  // -1..1, noon is 0.
  float Pot(protocol::AdcChannel pot, const PanelInput& panel, const protocol::Settings& settings);
  // What the axis' jack adds, by its attenuverter.
  float Cv(int axis, const PanelInput& panel, const protocol::Settings& settings);

  bool started_ = false;
  Backlash pot_backlash_[protocol::kPots];
  OnePole pot_filters_[protocol::kPots];
  Backlash cv_backlash_[protocol::kLatentSize];
  Button button_;
  bool gate_ = false;
};

}  // namespace gritspace
