// SPDX-License-Identifier: MIT
// The four LEDs: where on the map, clip, on; and what they say about freeze, bypass, overload and
// faults. Depends on panel.h and spot.h.
#pragma once

#include <cstdint>

#include "core/panel.h"
#include "core/spot.h"

namespace gritspace {

// X and Y: brightness is the place on the map. Clip: full while the input clips. On: full while
// playing, dark in bypass, slow breath while frozen, 8 Hz together with Clip in overload. A fault
// blinks its number on Clip, with a pause, all others dark.
class Lights {
 public:
  void Init(float block_rate_hz);

  // Audio thread, once a block. `flags`: protocol::kFlag bits.
  PanelOutput Process(const Place& place, uint16_t flags, protocol::Fault fault);

 private:
  // What Clip and On say, the most urgent last.
  enum class Message : uint8_t { kPlaying, kFrozen, kBypass, kOverload, kFault };
  static Message MessageOf(uint16_t flags, protocol::Fault fault);

  // How far into a rhythm of this period the block is, in seconds.
  float Beat(float period_s);

  float block_s_ = 0;
  float time_s_ = 0;  // since the period began; starts over with every message
  Message message_ = Message::kPlaying;
  protocol::Fault fault_ = protocol::Fault::kNone;
};

}  // namespace gritspace
