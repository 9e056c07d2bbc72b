// SPDX-License-Identifier: MIT
// Counting blocks and cycles. See overload.h.
#include "core/overload.h"

#include <algorithm>

#include "core/decoder.h"

namespace gritspace {
namespace {

constexpr float kFirstPauseS = 0.5F;

// In first pauses.
constexpr uint32_t kLongestPause = 16;  // 8 s
constexpr uint32_t kForgiven = 8;  // 4 s without an overload: the next pause is the first again

}  // namespace

void OverloadGuard::Init(uint32_t budget_cycles, float block_rate_hz) {
  *this = {};
  budget_cycles_ = budget_cycles;
  first_pause_ = static_cast<uint32_t>(kFirstPauseS * block_rate_hz);
  next_pause_ = first_pause_;
  warm_up_blocks_ = static_cast<uint32_t>(kSettlingSeconds * block_rate_hz);
}

void OverloadGuard::Report(uint32_t cycles) {
  if (dry()) {
    --dry_blocks_;
    unheard_blocks_ = warm_up_blocks_;
    return;
  }
  sum_cycles_ += cycles;
  ++counted_blocks_;
  worst_cycles_ = std::max(worst_cycles_, cycles);

  if (++blocks_since_return_ > kForgiven * first_pause_) next_pause_ = first_pause_;
  const bool is_late = budget_cycles_ != 0 && cycles > budget_cycles_;
  const bool is_unheard = unheard_blocks_ > 0;
  if (is_unheard) --unheard_blocks_;
  if (is_late && (was_late_ || is_unheard)) {
    ++overloads_;
    dry_blocks_ = next_pause_;
    next_pause_ = std::min(2 * next_pause_, kLongestPause * first_pause_);
    blocks_since_return_ = 0;
  }
  was_late_ = is_late && !dry();
}

uint32_t OverloadGuard::mean_cycles() const {
  return counted_blocks_ == 0 ? 0 : static_cast<uint32_t>(sum_cycles_ / counted_blocks_);
}

}  // namespace gritspace
