// SPDX-License-Identifier: MIT
// Factory settings from the circuits' nominal values, and the bounds of sense. See settings.h.
#include "core/settings.h"

#include <cstdint>

#include "core/decoder.h"

namespace gritspace {
namespace {

using protocol::Settings;
using protocol::Spot;

// The ADC reads 16 bits over its reference.
constexpr int kMostCode = 65535;
constexpr int kReferenceMillivolts = 3300;

constexpr int CodeOf(int millivolts) {
  return (millivolts * kMostCode + kReferenceMillivolts / 2) / kReferenceMillivolts;
}

// The CV inputs' op-amps invert: V = 1.667 V - 0.300 CV, so that +-5 V stay within the ADC's range.
constexpr int kCvZeroCode = CodeOf(1667);
constexpr int kCvCodesPerVolt = -CodeOf(300);

// Around the map, neighbours beside each other: a gate that steps through them takes a walk.
constexpr int16_t kHalfWay = 16384;
constexpr int16_t kNearEdge = 29491;  // 0.9: CV still moves both ways
constexpr Spot kPresetSpots[protocol::kPresets] = {
    {-kHalfWay, -kHalfWay}, {-kNearEdge, 0}, {-kHalfWay, kHalfWay}, {0, kNearEdge},
    {kHalfWay, kHalfWay},   {kNearEdge, 0},  {kHalfWay, -kHalfWay}, {0, -kNearEdge},
};

// An eighth of a whole pot's travel; with less, its noise moves the map.
constexpr int kLeastPotTravel = 8192;

// Far beyond the circuit's tolerances (1 %), but near enough to tell a wrong number from a right
// one.
constexpr int kLeastCvZero = 16384, kMostCvZero = 49152;
constexpr int kLeastCvSlope = 2000, kMostCvSlope = 12000;

// The circuits have some 8 V; a converter that makes much less or more of them is a wrong number.
constexpr int kLeastFullScaleMv = 1000, kMostFullScaleMv = 20000;

constexpr int kMostMorphMs = 10000;
constexpr int kMidiChannels = 16;

constexpr bool IsWithin(int value, int least, int most) { return value >= least && value <= most; }

bool CalibrationIsSound(const Settings& settings) {
  for (int pot = 0; pot < protocol::kPots; ++pot) {
    if (settings.pot_high[pot] - settings.pot_low[pot] < kLeastPotTravel) return false;
  }
  for (int axis = 0; axis < protocol::kLatentSize; ++axis) {
    const int slope = settings.cv_per_volt[axis];
    if (!IsWithin(settings.cv_zero[axis], kLeastCvZero, kMostCvZero)) return false;
    if (!IsWithin(slope < 0 ? -slope : slope, kLeastCvSlope, kMostCvSlope)) return false;
  }
  return IsWithin(settings.in_full_scale_mv, kLeastFullScaleMv, kMostFullScaleMv) &&
         IsWithin(settings.out_full_scale_mv, kLeastFullScaleMv, kMostFullScaleMv);
}

}  // namespace

Settings FactorySettings() {
  Settings settings{};
  for (int pot = 0; pot < protocol::kPots; ++pot) settings.pot_high[pot] = kMostCode;
  for (int axis = 0; axis < protocol::kLatentSize; ++axis) {
    settings.cv_zero[axis] = kCvZeroCode;
    settings.cv_per_volt[axis] = kCvCodesPerVolt;
  }
  for (int i = 0; i < protocol::kPresets; ++i) settings.presets[i] = kPresetSpots[i];
  settings.second_spot = {kNearEdge, kNearEdge};
  settings.morph_time_ms = 500;
  settings.gate_mode = static_cast<uint8_t>(protocol::GateMode::kMorph);
  settings.midi_channel = 0;  // all
  settings.scheme = static_cast<uint8_t>(Scheme::kInt16x8);
  settings.in_full_scale_mv = kInFullScaleMillivolts;
  settings.out_full_scale_mv = kOutFullScaleMillivolts;
  return settings;
}

bool IsSound(const Settings& settings) {
  return CalibrationIsSound(settings) && settings.morph_time_ms <= kMostMorphMs &&
         settings.gate_mode < protocol::kGateModes && settings.midi_channel <= kMidiChannels &&
         settings.scheme < kSchemeCount;
}

}  // namespace gritspace
