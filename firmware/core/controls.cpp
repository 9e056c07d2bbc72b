// SPDX-License-Identifier: MIT
// Calibration, noise and dead zones of the panel, each with its measure.
#include "core/controls.h"

namespace gritspace {
namespace {

using protocol::AdcChannel;

// Of 65536 codes. The worst jitter allowed for is 3 codes of 12 bits, 48 of these: of a pot it
// never passes, and of the whole turn a hand feels no 0.1 %. A CV is to be followed more closely
// than that.
constexpr float kPotPlayCodes = 64;
constexpr float kCvPlayCodes = 16;  // 3 mV

constexpr float kPotSeconds = 0.008F;  // takes the steps out of a turn, and is not felt

// Of half a turn. The resistance at the ends of a pot differs from part to part.
constexpr float kPotEnd = 0.01F;
constexpr float kNoon = 0.03F;  // a hand finds noon to about 4 degrees

constexpr float kCvSpanVolts = 5;                    // moves from the middle of the map to its edge
constexpr float kCvSilence = 0.010F / kCvSpanVolts;  // an open jack is off zero by less

// Nothing around zero, without a step where that ends; 1 stays 1.
float WithDeadZone(float x, float half_width) {
  const float beyond = Magnitude(x) - half_width;
  if (beyond <= 0) return 0;
  const float stretched = beyond / (1 - half_width);
  return x < 0 ? -stretched : stretched;
}

float FromLeft(float pot) { return 0.5F * (1 + pot); }

}  // namespace

void Controls::Init(float block_rate_hz) {
  *this = Controls{};
  for (Backlash& backlash : pot_backlash_) backlash.Init(kPotPlayCodes);
  for (OnePole& filter : pot_filters_) filter.Init(kPotSeconds, block_rate_hz);
  for (Backlash& backlash : cv_backlash_) backlash.Init(kCvPlayCodes);
  button_.Init(block_rate_hz);
}

Gestures Controls::Process(const PanelInput& panel, const protocol::Settings& settings) {
  Gestures gestures{};
  gestures.x = Pot(AdcChannel::kX, panel, settings);
  gestures.y = Pot(AdcChannel::kY, panel, settings);
  gestures.cv_x = Cv(0, panel, settings);
  gestures.cv_y = Cv(1, panel, settings);
  gestures.level = FromLeft(Pot(AdcChannel::kLevel, panel, settings));
  gestures.mix = FromLeft(Pot(AdcChannel::kMix, panel, settings));
  gestures.gate = panel.gate;
  gestures.gate_rose = started_ && panel.gate && !gate_;
  const Button::Event event = button_.Process(panel.button);
  gestures.freeze_pressed = event == Button::Event::kPressed;
  gestures.bypass_pressed = event == Button::Event::kHeld;
  gate_ = panel.gate;
  started_ = true;
  return gestures;
}

float Controls::Pot(AdcChannel pot, const PanelInput& panel, const protocol::Settings& settings) {
  const int channel = static_cast<int>(pot);
  const float code = panel.adc[channel];
  const float low = settings.pot_low[channel];
  const float high = settings.pot_high[channel];
  Backlash& backlash = pot_backlash_[channel];
  OnePole& filter = pot_filters_[channel];
  if (!started_) backlash.Reset(code);
  // From both ends at once, so that noon is zero to the last bit.
  const float turned = (2 * backlash.Process(code) - low - high) / (high - low);
  const float travel = Clamped(turned / (1 - kPotEnd), -1, 1);
  if (!started_) filter.Reset(travel);
  return filter.Process(travel);
}

float Controls::Cv(int axis, const PanelInput& panel, const protocol::Settings& settings) {
  const float code = panel.adc[static_cast<int>(AdcChannel::kCvX) + axis];
  Backlash& backlash = cv_backlash_[axis];
  if (!started_) backlash.Reset(code);
  const float zero = settings.cv_zero[axis];
  const float per_volt = settings.cv_per_volt[axis];
  const float volts = (backlash.Process(code) - zero) / per_volt;
  const auto attenuverter = static_cast<AdcChannel>(static_cast<int>(AdcChannel::kAttX) + axis);
  return WithDeadZone(Pot(attenuverter, panel, settings), kNoon) *
         WithDeadZone(volts / kCvSpanVolts, kCvSilence);
}

}  // namespace gritspace
