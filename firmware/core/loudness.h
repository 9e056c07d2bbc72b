// SPDX-License-Identifier: MIT
// How loud the decoder is over the map and over the level knob, as measured from the .tflite and
// carried by the generated model: what evens it out, and how much wet resembles dry.
#pragma once

#include <cstdint>

namespace gritspace {

// Written by quantize/loudness.py. Columns and rows run from the map's low edge to its high edge,
// levels from the knob's left to its right; between them, interpolate. Rows and levels are evenly
// spread, columns are where the sound bends.
struct LoudnessMap {
  static constexpr int kColumns = 49;  // along X
  static constexpr int kRows = 9;      // along Y
  static constexpr int kLevels = 5;

  float level_low_db, level_high_db;  // what the level knob does to the decoder's input
  uint8_t column_255th[kColumns];     // of the way along X, rising from 0 to 255
  int8_t makeup_quarter_db[kLevels][kRows][kColumns];   // [level][y][x], to be as loud as dry
  uint8_t correlation_256th[kLevels][kRows][kColumns];  // of wet with dry, 0: none or opposite
};

// At one spot and level.
struct Loudness {
  float makeup;       // gain
  float correlation;  // 0..1
};

// `x`, `y`: -1..1; `level`: 0..1. Beyond the edges it is as at the edge.
Loudness At(const LoudnessMap& map, float x, float y, float level);

// The level knob's gain. Exponential, 0 dB at noon when the range is symmetric.
float LevelGain(const LoudnessMap& map, float level);

}  // namespace gritspace
