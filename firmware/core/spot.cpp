// SPDX-License-Identifier: MIT
// Who holds the base, how it morphs, freezes and glides, and CV on top.
#include "core/spot.h"

#include <algorithm>

namespace gritspace {
namespace {

using protocol::Base;
using protocol::GateMode;

constexpr float kGlideSeconds = 0.02F;         // no zipper, and still at once to a hand
constexpr float kMidiSeconds = 0.008F;         // takes the steps out of a stream of 7 bits
constexpr float kRecalibrationSeconds = 0.1F;  // a dozen times the filter of a pot
constexpr float kTakeOver = 0.06F;   // 3 % of a turn: nobody moves a pot so far by accident
constexpr float kSpotScale = 32768;  // what is 1 on the map

int16_t NearestCode(float x) {
  const float scaled = x * kSpotScale + (x < 0 ? -0.5F : 0.5F);
  return static_cast<int16_t>(Clamped(scaled, -kSpotScale, kSpotScale - 1));
}

// At either end exactly there: Between alone is an LSB off.
Place Along(const Place& from, const Place& to, float part) {
  if (part >= 1) return to;
  return {Between(from.x, to.x, part), Between(from.y, to.y, part)};
}

}  // namespace

Place PlaceOf(const protocol::Spot& spot) {
  return {static_cast<float>(spot.x) / kSpotScale, static_cast<float>(spot.y) / kSpotScale};
}

protocol::Spot SpotOf(const Place& place) { return {NearestCode(place.x), NearestCode(place.y)}; }

void SpotControl::Init(float block_rate_hz) {
  *this = SpotControl{};
  block_s_ = 1 / block_rate_hz;
  midi_x_.Init(kMidiSeconds, block_rate_hz);
  midi_y_.Init(kMidiSeconds, block_rate_hz);
}

void SpotControl::Obey(const Command& command, const protocol::Settings& settings) {
  switch (command.kind) {
    case Command::Kind::kRecallPreset:
      frozen_ = false;
      return RecallPreset(static_cast<int>(command.value), settings);
    // The other axis stays, or goes on to where it was going.
    case Command::Kind::kMoveX:
      return FollowMidi({command.value, Target().y});
    case Command::Kind::kMoveY:
      return FollowMidi({Target().x, command.value});
    case Command::Kind::kFreeze:
      return Freeze(command.value > 0);
    case Command::Kind::kRecalibrated:
      recalibrating_s_ = kRecalibrationSeconds;
      return;
    case Command::Kind::kBypass:
      return;
  }
}

Place SpotControl::Process(const Gestures& gestures, const protocol::Settings& settings) {
  pots_ = {gestures.x, gestures.y};
  if (!started_) pots_at_hold_ = pots_;
  const auto gate_mode = static_cast<GateMode>(settings.gate_mode);
  if (gestures.freeze_pressed) Freeze(!frozen_);
  if (gestures.gate_rose && gate_mode == GateMode::kStep) {
    RecallPreset(preset_ == kNoPreset ? 0 : (preset_ + 1) % protocol::kPresets, settings);
  }
  TakeOverIfTurned();
  Move(gestures.gate && gate_mode == GateMode::kMorph, settings);
  started_ = true;
  return {Clamped(base_.x + gestures.cv_x, -1, 1), Clamped(base_.y + gestures.cv_y, -1, 1)};
}

void SpotControl::Freeze(bool on) {
  if (frozen_ && !on) StartGlide();
  frozen_ = on;
}

void SpotControl::Hold(Base source, const Place& place) {
  source_ = source;
  held_ = place;
  pots_at_hold_ = pots_;
}

void SpotControl::RecallPreset(int index, const protocol::Settings& settings) {
  preset_ = static_cast<uint8_t>(index);
  Hold(Base::kPreset, PlaceOf(settings.presets[index]));
  StartGlide();
}

// A stream of moves comes faster than glides end: one begun anew at each would hardly move.
void SpotControl::FollowMidi(const Place& place) {
  if (!started_ || source_ != Base::kMidi) {
    const Place from = started_ ? Target() : place;
    midi_x_.Reset(from.x);
    midi_y_.Reset(from.y);
  }
  Hold(Base::kMidi, place);
}

void SpotControl::TakeOverIfTurned() {
  if (recalibrating_s_ > 0) {
    recalibrating_s_ -= block_s_;
    pots_at_hold_ = pots_;
  }
  if (source_ == Base::kPots) return;
  const float way =
      std::max(Magnitude(pots_.x - pots_at_hold_.x), Magnitude(pots_.y - pots_at_hold_.y));
  if (way <= kTakeOver) return;
  source_ = Base::kPots;
  preset_ = kNoPreset;
  StartGlide();
}

void SpotControl::StartGlide() {
  glide_from_ = base_;
  glide_ = 0;
}

void SpotControl::Move(bool to_second_spot, const protocol::Settings& settings) {
  const float time_s = std::max(0.001F * static_cast<float>(settings.morph_time_ms), kGlideSeconds);
  const float way = block_s_ / time_s;
  morph_ = Clamped(to_second_spot ? morph_ + way : morph_ - way, 0, 1);
  const Place morphed = Along(Wanted(), PlaceOf(settings.second_spot), morph_);
  if (frozen_ && started_) return;
  glide_ = started_ ? std::min(glide_ + block_s_ / kGlideSeconds, 1.0F) : 1;
  base_ = Along(glide_from_, morphed, SmoothStep(glide_));
}

Place SpotControl::Wanted() {
  if (source_ != Base::kMidi) return Target();
  return {midi_x_.Process(held_.x), midi_y_.Process(held_.y)};
}

}  // namespace gritspace
