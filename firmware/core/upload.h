// SPDX-License-Identifier: MIT
// A model that comes over the link while another one plays: taken into RAM, set up, proved by its
// own test vectors, timed, written into the flash, and only then played. Depends on loader.h and
// model_store.h. Main loop only; with an engine that takes no models it refuses.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/live.h"
#include "core/model_store.h"
#include "generated/protocol.h"

namespace gritspace {

class Upload {
 public:
  // `cycles`: a clock that wraps at 2^32.
  Upload(uint32_t (*cycles)(), Live* live) : cycles_(cycles), live_(live) {}

  // Once, before audio runs: of each scheme the newest model in the flash that passes is played
  // instead of the image's. False when there is a model and none passes.
  bool Restore();

  // The link's requests, in this order. kNone, or why not: then what plays, and what the flash
  // holds, is what it was.
  protocol::ErrorCode Begin(const protocol::BeginModel& begin);
  protocol::ErrorCode Take(uint32_t offset, const uint8_t* bytes, size_t count);
  protocol::ErrorCode Try();  // kNone also for what is too slow to be kept
  protocol::ErrorCode Keep(int sector);

  protocol::ModelIs Describe() const;

 private:
  bool RestoreScheme(Scheme scheme);
  protocol::ErrorCode SetUp(Scheme scheme, const ModelRecord& model) const;
  // Takes the time, too, in cycles of a block. False: other integers than the vectors'.
  bool PlayTest(Scheme scheme, uint32_t* block_cycles) const;
  bool too_slow() const;

  uint32_t (*cycles_)();
  Live* live_;
  Scheme scheme_{};
  ModelRecord model_{};  // its size is 0: none was begun
  uint32_t received_ = 0;
  uint32_t block_cycles_ = 0;
  int sectors_left_ = 0;  // above 0: the model has passed
};

}  // namespace gritspace
