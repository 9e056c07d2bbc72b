// SPDX-License-Identifier: MIT
// Two threads and core/ring_buffer.h between them: ring_buffer_threads VALUES. Ends with an error
// when a value is lost, comes twice, out of order or torn.
#include <array>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "core/ring_buffer.h"

namespace {

// Of more than one word, so that it can be torn.
using Value = std::array<uint32_t, 4>;

gritspace::RingBuffer<Value, 256> queue;

Value ValueOf(uint32_t i) { return {i, ~i, i * 2654435761U, i ^ 0xA5A5A5A5U}; }

void WriteAll(uint32_t count) {
  for (uint32_t i = 0; i < count; ++i) {
    while (!queue.Write(ValueOf(i))) std::this_thread::yield();
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const uint32_t count = static_cast<uint32_t>(std::atoi(argv[1]));
  std::thread writer(WriteAll, count);
  uint32_t wrong = 0;
  for (uint32_t i = 0; i < count; ++i) {
    Value value{};
    while (!queue.Read(&value)) std::this_thread::yield();
    wrong += value != ValueOf(i) ? 1 : 0;
  }
  writer.join();
  std::printf("%u wrong, %s\n", wrong, queue.empty() ? "empty" : "not empty");
  return wrong == 0 && queue.empty() ? 0 : 1;
}
