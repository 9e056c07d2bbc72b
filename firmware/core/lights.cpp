// SPDX-License-Identifier: MIT
// Brightness and rhythms, a block at a time.
#include "core/lights.h"

#include "core/filters.h"

namespace gritspace {
namespace {

constexpr uint8_t kFull = 255;
constexpr float kBreathLow = 64;  // never dark: that means bypass
constexpr float kBreathSeconds = 1;
constexpr float kOverloadSeconds = 1.0F / 8;
constexpr float kBlinkOnSeconds = 0.15F;
constexpr float kBlinkSeconds = 0.4F;
constexpr float kFaultPauseSeconds = 1;  // long enough to see where the count begins

// Squared: the eye sees about the root of the power.
uint8_t OfAxis(float place) {
  const float part = 0.5F * (1 + place);
  return static_cast<uint8_t>(kFull * part * part);
}

// Begins bright, as the light was before.
uint8_t Breath(float time_s) {
  return static_cast<uint8_t>(
      Between(kBreathLow, kFull, Magnitude(2 * time_s / kBreathSeconds - 1)));
}

uint8_t LitIf(bool condition) { return condition ? kFull : 0; }

uint8_t FaultBlink(float time_s, int count) {
  const int blink = static_cast<int>(time_s / kBlinkSeconds);
  return LitIf(blink < count &&
               time_s - static_cast<float>(blink) * kBlinkSeconds < kBlinkOnSeconds);
}

}  // namespace

void Lights::Init(float block_rate_hz) {
  *this = Lights{};
  block_s_ = 1 / block_rate_hz;
}

PanelOutput Lights::Process(const Place& place, uint16_t flags, protocol::Fault fault) {
  const Message message = MessageOf(flags, fault);
  if (message != message_ || fault != fault_) time_s_ = 0;
  message_ = message;
  fault_ = fault;

  uint8_t clip = LitIf((flags & protocol::kFlagClip) != 0);
  uint8_t on = kFull;
  switch (message) {
    case Message::kPlaying:
      break;
    case Message::kFrozen:
      on = Breath(Beat(kBreathSeconds));
      break;
    case Message::kBypass:
      on = 0;
      break;
    case Message::kOverload:
      on = clip = LitIf(Beat(kOverloadSeconds) < kOverloadSeconds / 2);
      break;
    case Message::kFault: {
      const int count = static_cast<int>(fault);
      const float period_s = static_cast<float>(count) * kBlinkSeconds + kFaultPauseSeconds;
      return {{0, 0, FaultBlink(Beat(period_s), count), 0}};
    }
  }
  return {{OfAxis(place.x), OfAxis(place.y), clip, on}};
}

Lights::Message Lights::MessageOf(uint16_t flags, protocol::Fault fault) {
  if (fault != protocol::Fault::kNone) return Message::kFault;
  if ((flags & protocol::kFlagOverload) != 0) return Message::kOverload;
  if ((flags & protocol::kFlagBypass) != 0) return Message::kBypass;
  if ((flags & protocol::kFlagFrozen) != 0) return Message::kFrozen;
  return Message::kPlaying;
}

float Lights::Beat(float period_s) {
  const float now_s = time_s_;
  time_s_ += block_s_;
  if (time_s_ >= period_s) time_s_ -= period_s;
  return now_s;
}

}  // namespace gritspace
