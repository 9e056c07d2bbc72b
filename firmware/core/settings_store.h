// SPDX-License-Identifier: MIT
// Settings in the flash: two slots written in turn, so that a power cut at any moment leaves the
// old settings or the new ones. Depends on storage.h, settings.h and framing.h's CRC. Main loop
// only.
//
// A record is magic, payload size, sequence, payload (protocol::Settings), CRC-32 of all before it.
// The payload's size is its version: fields are only appended, a shorter record of older firmware
// fills what it has and the rest is factory's, of a longer one what is known here is read.
#pragma once

#include <cstdint>

#include "generated/protocol.h"

namespace gritspace {

class SettingsStore {
 public:
  enum class Found : uint8_t {
    kRecord,
    kNothing,  // both slots are blank
    kDamaged,  // bytes, but no whole and sound record
  };

  // Fills in the newest whole and sound record, or factory settings. Comes before the first Save.
  Found Load(protocol::Settings* settings);

  // Writes them into the slot that does not hold the newest record, reads back and compares; a
  // flash that would load them anyway is left alone, for it wears. False when they are not sound or
  // the flash does not take them; the newest record is then still whole.
  bool Save(const protocol::Settings& settings);

 private:
  int newest_slot_ = 1;  // so that the first save goes to slot 0
  uint32_t sequence_ = 0;
};

}  // namespace gritspace
