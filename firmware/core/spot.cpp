// SPDX-License-Identifier: MIT
// Who holds the base, how it glides and morphs, and CV on top.
#include "core/spot.h"

#include <algorithm>

#include "core/filters.h"

namespace gritspace {
namespace {

using protocol::Base;
using protocol::GateMode;

constexpr float kGlideSeconds = 0.02F;  // no zipper, and still at once to a hand
constexpr float kTakeOver = 0.06F;      // 3 % of a turn: nobody moves a pot so far by accident
constexpr float kSpotScale = 32768;     // what is 1 on the map

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
}

void SpotControl::Obey(const Command& command, const protocol::Settings& settings) {
  switch (command.kind) {
    case Command::Kind::kRecallPreset:
      return RecallPreset(static_cast<int>(command.value), settings);
    // The other axis stays, or goes on to where it was going.
    case Command::Kind::kMoveX:
      return Hold(Base::kMidi, {command.value, Target().y});
    case Command::Kind::kMoveY:
      return Hold(Base::kMidi, {Target().x, command.value});
    case Command::Kind::kFreeze:
      return Freeze(command.value > 0);
    case Command::Kind::kBypass:
      return;
  }
}

Place SpotControl::Process(const Gestures& gestures, const protocol::Settings& settings) {
  pots_ = {gestures.x, gestures.y};
  if (!started_) pots_at_hold_ = pots_;
  const auto gate_mode = static_cast<GateMode>(settings.gate_mode);
  if (gestures.freeze_pressed) Freeze(source_ != Base::kFrozen);
  if (gestures.gate_rose && gate_mode == GateMode::kStep) {
    RecallPreset(preset_ == kNoPreset ? 0 : (preset_ + 1) % protocol::kPresets, settings);
  }
  TakeOverIfTurned();
  if (!started_) glide_ = 1;
  started_ = true;
  Glide();
  Morph(gestures.gate && gate_mode == GateMode::kMorph, settings);
  return {Clamped(base_.x + gestures.cv_x, -1, 1), Clamped(base_.y + gestures.cv_y, -1, 1)};
}

void SpotControl::Hold(Base source, const Place& place) {
  held_ = place;
  source_ = source;
  pots_at_hold_ = pots_;
  glide_from_ = unmorphed_;
  glide_ = 0;
}

void SpotControl::TakePots() {
  source_ = Base::kPots;
  preset_ = kNoPreset;
  glide_from_ = unmorphed_;
  glide_ = 0;
}

void SpotControl::Freeze(bool on) {
  if (on) {
    Hold(Base::kFrozen, unmorphed_);
  } else if (source_ == Base::kFrozen) {
    TakePots();
  }
}

void SpotControl::RecallPreset(int index, const protocol::Settings& settings) {
  preset_ = static_cast<uint8_t>(index);
  Hold(Base::kPreset, PlaceOf(settings.presets[index]));
}

void SpotControl::TakeOverIfTurned() {
  if (source_ != Base::kPreset && source_ != Base::kMidi) return;
  const float way =
      std::max(Magnitude(pots_.x - pots_at_hold_.x), Magnitude(pots_.y - pots_at_hold_.y));
  if (way > kTakeOver) TakePots();
}

void SpotControl::Glide() {
  glide_ = std::min(glide_ + block_s_ / kGlideSeconds, 1.0F);
  unmorphed_ = Along(glide_from_, Target(), SmoothStep(glide_));
}

void SpotControl::Morph(bool there, const protocol::Settings& settings) {
  const float time_s = std::max(0.001F * static_cast<float>(settings.morph_time_ms), kGlideSeconds);
  const float way = block_s_ / time_s;
  morph_ = Clamped(there ? morph_ + way : morph_ - way, 0, 1);
  base_ = Along(unmorphed_, PlaceOf(settings.second_spot), morph_);
}

}  // namespace gritspace
