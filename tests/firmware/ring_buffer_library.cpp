// SPDX-License-Identifier: MIT
// core/ring_buffer.h for Python's ctypes: a queue of four numbers that begins at any count.
#include <new>
#include <type_traits>

#include "core/ring_buffer.h"

namespace {

using Queue = gritspace::RingBuffer<uint32_t, 4>;

// Its two counters come first, so a test need not write four thousand million values to wrap them.
static_assert(std::is_standard_layout_v<Queue> && sizeof(Queue) == (2 + 4) * sizeof(uint32_t));

Queue queue;

}  // namespace

extern "C" {

void start_at(uint32_t count) {
  new (&queue) Queue;
  auto* const counters = reinterpret_cast<std::atomic<uint32_t>*>(&queue);
  counters[0] = count;
  counters[1] = count;
}

bool write_value(uint32_t value) { return queue.Write(value); }
bool read_value(uint32_t* value) { return queue.Read(value); }
bool is_empty() { return queue.empty(); }

}  // extern "C"
