// SPDX-License-Identifier: MIT
// Where on the map the decoder is to play: held by pots, a preset or MIDI, moved by the gate's
// morph, stopped by freeze, and CV on top. Moves between them glide. Depends on controls.h and
// command.h; knows nothing of audio.
#pragma once

#include <cstdint>

#include "core/command.h"
#include "core/controls.h"
#include "core/filters.h"
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

  // Audio thread, before Process in the same block. Only the kinds that concern the map. A preset
  // that is asked for ends a freeze.
  void Obey(const Command& command, const protocol::Settings& settings);

  // Audio thread, once a block: the place to play, CV included, within the map. The first call does
  // not glide.
  Place Process(const Gestures& gestures, const protocol::Settings& settings);

  // What CV is added to, after presets, MIDI, morph and freeze.
  Place base() const { return base_; }
  protocol::Base source() const { return frozen_ ? protocol::Base::kFrozen : source_; }
  uint8_t preset() const { return preset_; }  // last recalled, or kNoPreset

 private:
  // Frozen, the base stays where it is; all else goes on below, and the base glides there after.
  void Freeze(bool on);
  // From here on the pots have to move by some way before they take over again.
  void Hold(protocol::Base source, const Place& place);
  void RecallPreset(int index, const protocol::Settings& settings);
  void FollowMidi(const Place& place);
  void TakeOverIfTurned();
  void StartGlide();
  void Move(bool to_second_spot, const protocol::Settings& settings);
  // Where the source wants the base in this block, once a block; Target: where it is going.
  Place Wanted();
  const Place& Target() const { return source_ == protocol::Base::kPots ? pots_ : held_; }

  bool started_ = false;
  bool frozen_ = false;
  float block_s_ = 0;
  protocol::Base source_ = protocol::Base::kPots;  // never kFrozen
  uint8_t preset_ = kNoPreset;
  Place pots_{};  // as of the last block
  Place pots_at_hold_{};
  float recalibrating_s_ = 0;  // until the pots stand still again
  Place held_{};
  OnePole midi_x_, midi_y_;
  Place glide_from_{};
  float glide_ = 1;  // 0..1, 1: arrived
  float morph_ = 0;  // 0..1, 1: at the second spot
  Place base_{};
};

}  // namespace gritspace
