// SPDX-License-Identifier: MIT
// Small filters for controls and audio. They stay clear of denormals by themselves, so that all
// boards compute the same bits whatever their floating-point mode. Depends on nothing.
#pragma once

#include <cstdint>

namespace gritspace {

constexpr float Magnitude(float x) { return x < 0 ? -x : x; }
constexpr float Clamped(float x, float low, float high) {
  return x < low ? low : x > high ? high : x;
}
constexpr float Between(float from, float to, float part) { return from + (to - from) * part; }

// Halves away from zero.
constexpr int32_t Nearest(float x) { return static_cast<int32_t>(x + (x < 0 ? -0.5F : 0.5F)); }

// From 0 to 1 without a corner at either end: 3t^2 - 2t^3.
constexpr float SmoothStep(float t) { return t * t * (3 - 2 * t); }

// A low-pass with a time constant; arrives, instead of coming ever closer.
class OnePole {
 public:
  void Init(float time_s, float rate_hz) { coefficient_ = 1 / (1 + time_s * rate_hz); }
  void Reset(float value) { value_ = value; }
  float Process(float x) {
    const float step = x - value_;
    value_ = Magnitude(step) < kArrived ? x : value_ + coefficient_ * step;
    return value_;
  }

 private:
  static constexpr float kArrived = 1e-5F;
  float coefficient_ = 1;
  float value_ = 0;
};

// Play, as in worn gears: what moves by less than the half width is noise and does not pass. What
// moves further passes at once, late by the half width in value and not at all in time.
class Backlash {
 public:
  void Init(float half_width) { half_width_ = half_width; }
  void Reset(float value) { value_ = value; }
  float Process(float x) {
    value_ = Clamped(value_, x - half_width_, x + half_width_);
    return value_;
  }

 private:
  float half_width_ = 0;
  float value_ = 0;
};

// Takes out the mean. For a cutoff far below the rate, -3 dB are at `cutoff_hz`, -1 dB an octave
// above it, -0.26 dB two; nearer to the rate it passes more.
class DcBlocker {
 public:
  void Init(float cutoff_hz, float rate_hz) { coefficient_ = kTwoPi * cutoff_hz / rate_hz; }
  void Reset() { mean_ = 0; }
  float Process(float x) {
    const float y = x - mean_;
    mean_ += coefficient_ * y;
    return y;
  }
  // Once a block: after silence the mean would sink into denormals.
  void EndBlock() {
    if (Magnitude(mean_) < 1e-9F) mean_ = 0;
  }

 private:
  static constexpr float kTwoPi = 6.2831853F;
  float coefficient_ = 0;
  float mean_ = 0;
};

// A push button: debounced, told apart into short presses and holds.
class Button {
 public:
  enum class Event : uint8_t { kNone, kPressed, kHeld };

  void Init(float rate_hz) {
    debounce_ = Count(0.005F, rate_hz);
    hold_ = Count(0.6F, rate_hz);
  }

  // kPressed when it is let go before 0.6 s, kHeld when it has been down for that long.
  Event Process(bool down) {
    since_change_ = down == down_ ? 0 : since_change_ + 1;
    if (since_change_ >= debounce_) {
      down_ = down;
      since_change_ = 0;
      const bool was_held = down_for_ >= hold_;
      down_for_ = 0;
      if (!down && !was_held) return Event::kPressed;
    }
    if (down_ && down_for_ < hold_) {
      ++down_for_;
      if (down_for_ == hold_) return Event::kHeld;
    }
    return Event::kNone;
  }

 private:
  static constexpr uint32_t Count(float time_s, float rate_hz) {
    return 1 + static_cast<uint32_t>(time_s * rate_hz);
  }
  uint32_t debounce_ = 1, hold_ = 1;
  uint32_t since_change_ = 0, down_for_ = 0;
  bool down_ = false;
};

}  // namespace gritspace
