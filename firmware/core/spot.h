// SPDX-License-Identifier: MIT
// Where on the map the decoder is to play: pots, freeze, presets, MIDI, the gate's morph, and CV on
// top. Moves between them glide. Depends on controls.h and command.h; knows nothing of audio.
#pragma once

#include <cstdint>

#include "core/command.h"
#include "core/controls.h"
#include "generated/protocol.h"

namespace gritspace {

struct Place {
  float x, y;  // -1..1, the map's edges
};

// As settings and packets have it, and back to the nearest of those.
Place PlaceOf(const protocol::Spot& spot);
protocol::Spot SpotOf(const Place& place);

class SpotControl {
 public:
  static constexpr uint8_t kNoPreset = 255;

  void Init(float block_rate_hz);

  // Audio thread, before Process in the same block. Only the kinds that concern the map.
  void Obey(const Command& command, const protocol::Settings& settings);

  // Audio thread, once a block: the place to play, CV included, within the map. The first call does
  // not glide.
  Place Process(const Gestures& gestures, const protocol::Settings& settings);

  // What CV is added to, after freeze, presets and morph.
  Place base() const { return base_; }
  protocol::Base source() const { return source_; }
  uint8_t preset() const { return preset_; }  // last recalled, or kNoPreset

 private:
  // Holds a place: the pots have to move by some way before they take over again.
  void Hold(protocol::Base source, const Place& place);
  void TakePots();
  void Freeze(bool on);
  void RecallPreset(int index, const protocol::Settings& settings);
  void TakeOverIfTurned();
  void Glide();
  void Morph(bool there, const protocol::Settings& settings);
  const Place& Target() const { return source_ == protocol::Base::kPots ? pots_ : held_; }

  bool started_ = false;
  float block_s_ = 0;
  protocol::Base source_ = protocol::Base::kPots;
  uint8_t preset_ = kNoPreset;
  Place pots_{};  // as of the last block
  Place pots_at_hold_{};
  Place held_{};
  Place glide_from_{};
  float glide_ = 1;  // 0..1, 1: arrived
  float morph_ = 0;  // 0..1, 1: at the second spot
  Place unmorphed_{};
  Place base_{};
};

}  // namespace gritspace
