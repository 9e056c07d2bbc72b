// SPDX-License-Identifier: MIT
// Watches how long blocks take, and says when the module must go dry to keep the sound whole.
// Depends on nothing; the board measures.
#pragma once

#include <cstdint>

namespace gritspace {

class OverloadGuard {
 public:
  // `budget_cycles` of a block; 0: the board has no clock and nothing is ever too long.
  void Init(uint32_t budget_cycles, float block_rate_hz);

  // Audio thread, after a block that took `cycles`.
  void Report(uint32_t cycles);

  // Whether the next block is to be played dry, without the decoder. After two blocks over the
  // budget in a row, or one while the decoder, just back, is not heard yet; for half a second,
  // twice as long each time it happens within four seconds of coming back, at most eight seconds.
  bool dry() const { return dry_blocks_ > 0; }

  uint32_t budget_cycles() const { return budget_cycles_; }
  uint32_t mean_cycles() const;  // since Init, of the blocks that were not dry
  uint32_t worst_cycles() const { return worst_cycles_; }
  uint32_t overloads() const { return overloads_; }

 private:
  uint32_t budget_cycles_ = 0;
  uint32_t first_pause_ = 0;     // blocks
  uint32_t next_pause_ = 0;      // blocks
  uint32_t dry_blocks_ = 0;      // still to come
  uint32_t warm_up_blocks_ = 0;  // after a pause, played for nobody
  uint32_t unheard_blocks_ = 0;  // of these still to come
  bool was_late_ = false;        // the last block
  uint32_t worst_cycles_ = 0;
  uint32_t overloads_ = 0;
  uint32_t blocks_since_return_ = 0;
  uint64_t counted_blocks_ = 0;  // 32 bits would wrap after 50 days
  uint64_t sum_cycles_ = 0;
};

}  // namespace gritspace
