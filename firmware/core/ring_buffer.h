// SPDX-License-Identifier: MIT
// A queue from the main loop to the audio thread, or from an interrupt to the main loop: one
// writes, one reads, nobody waits. Depends on std::atomic, which is lock-free for a word on every
// board.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

namespace gritspace {

// Room for kCapacity values, a power of two.
template <class Value, uint32_t kCapacity>
class RingBuffer {
 public:
  static_assert(kCapacity > 0 && (kCapacity & (kCapacity - 1)) == 0);

  // The writer's. False, and nothing written, when there is no room.
  bool Write(const Value& value) {
    const uint32_t head = head_.load(std::memory_order_relaxed);
    if (head - tail_.load(std::memory_order_acquire) == kCapacity) return false;
    values_[head % kCapacity] = value;
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

  // The reader's. False when there is nothing.
  bool Read(Value* value) {
    const uint32_t tail = tail_.load(std::memory_order_relaxed);
    if (tail == head_.load(std::memory_order_acquire)) return false;
    *value = values_[tail % kCapacity];
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  // The reader's.
  bool empty() const {
    return tail_.load(std::memory_order_relaxed) == head_.load(std::memory_order_acquire);
  }

 private:
  std::atomic<uint32_t> head_{0};
  std::atomic<uint32_t> tail_{0};
  Value values_[kCapacity]{};
};

}  // namespace gritspace
