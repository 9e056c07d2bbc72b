// SPDX-License-Identifier: MIT
// Interpolation in the loudness map: linear along X, Y and level, in decibels.
#include "core/loudness.h"

#include <algorithm>

#include "core/decibels.h"
#include "core/filters.h"

namespace gritspace {
namespace {

// Between the lines `low` and `low + 1` of a grid.
struct Position {
  int low;
  float part;
};

Position PositionOf(float along, int lines) {
  const float at = Clamped(along, 0, 1) * static_cast<float>(lines - 1);
  const auto below = static_cast<int>(at);
  const int low = below < lines - 1 ? below : lines - 2;
  return {low, at - static_cast<float>(low)};
}

Position ColumnOf(const LoudnessMap& map, float along) {
  const float at = Clamped(along, 0, 1) * 255;
  const uint8_t* const first = map.column_255th;
  const uint8_t* const right = std::upper_bound(first + 1, first + LoudnessMap::kColumns - 1, at);
  const float left = right[-1];
  return {static_cast<int>(right - first) - 1, (at - left) / (static_cast<float>(*right) - left)};
}

template <class Integer, int kColumns>
float Along(const Integer (&row)[kColumns], Position x) {
  return Between(row[x.low], row[x.low + 1], x.part);
}

template <class Row, int kRows, class... Inner>
float Along(const Row (&rows)[kRows], Position outer, Inner... inner) {
  return Between(Along(rows[outer.low], inner...), Along(rows[outer.low + 1], inner...),
                 outer.part);
}

}  // namespace

Loudness At(const LoudnessMap& map, float x, float y, float level) {
  const Position at_level = PositionOf(level, LoudnessMap::kLevels);
  const Position at_y = PositionOf((y + 1) / 2, LoudnessMap::kRows);
  const Position at_x = ColumnOf(map, (x + 1) / 2);
  return {GainOfDecibels(Along(map.makeup_quarter_db, at_level, at_y, at_x) / 4),
          Along(map.correlation_256th, at_level, at_y, at_x) / 256};
}

float LevelGain(const LoudnessMap& map, float level) {
  return GainOfDecibels(Between(map.level_low_db, map.level_high_db, Clamped(level, 0, 1)));
}

}  // namespace gritspace
