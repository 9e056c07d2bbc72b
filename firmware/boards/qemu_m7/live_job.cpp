// SPDX-License-Identifier: MIT
// The live firmware's outside world in files. See live_job.h.
#include "boards/qemu_m7/live_job.h"

#include <cstring>

#include "boards/board.h"
#include "boards/qemu_m7/semihosting.h"

namespace gritspace::live_job {
namespace {

constexpr int kNever = -1;

bool runs = false;
int32_t dry = -1, line = -1, wet = -1, replies = -1;
int hang_at = kNever, fault_at = kNever;

volatile int captured_blocks = 0;
volatile bool dry_is_used_up = false;

uint8_t line_bytes[4096];  // read ahead
size_t line_size = 0, line_next = 0;
bool line_is_used_up = false;

void MustWrite(int32_t file, const void* bytes, size_t count) {
  if (semihosting::Write(file, bytes, count) == count) return;
  semihosting::Exit(static_cast<int32_t>(JobStatus::kFile));
}

bool LineHasMore() {
  if (line_next == line_size && !line_is_used_up) {
    line_next = 0;
    line_size = semihosting::Read(line, line_bytes, sizeof(line_bytes));
    line_is_used_up = line_size == 0;
  }
  return line_next < line_size;
}

void HangIfAsked() {
  if (hang_at == kNever || board::WasStuck()) return;
  while (captured_blocks >= hang_at) {
  }
}

bool ReadMishap(Words* words) {
  const char* const word = words->Next();
  if (word == nullptr) return true;
  const int block = words->NextNumber();
  if (std::strcmp(word, "hang") == 0) {
    hang_at = block;
  } else if (std::strcmp(word, "fault") == 0) {
    fault_at = block;
  } else {
    return false;
  }
  return block >= 0;
}

}  // namespace

JobStatus Start(Words* words) {
  using semihosting::Mode;
  const char* const dry_name = words->Next();
  const char* const line_name = words->Next();
  const char* const wet_name = words->Next();
  const char* const replies_name = words->Next();
  if (replies_name == nullptr || !ReadMishap(words)) return JobStatus::kUsage;
  dry = semihosting::Open(dry_name, Mode::kRead);
  line = semihosting::Open(line_name, Mode::kRead);
  wet = semihosting::Open(wet_name, Mode::kWrite);
  replies = semihosting::Open(replies_name, Mode::kWrite);
  runs = dry >= 0 && line >= 0 && wet >= 0 && replies >= 0;
  return runs ? JobStatus::kDone : JobStatus::kFile;
}

bool Runs() { return runs; }

void Capture(int32_t* block, size_t block_size) {
  if (captured_blocks == fault_at) __asm__ volatile("udf #0");
  captured_blocks = captured_blocks + 1;
  std::memset(block, 0, block_size * sizeof(*block));
  if (dry_is_used_up) return;
  dry_is_used_up = semihosting::Read(dry, block, block_size * sizeof(*block)) == 0;
}

void Hear(const int32_t* block, size_t block_size) {
  MustWrite(wet, block, block_size * sizeof(*block));
}

bool Read(uint8_t* byte) {
  HangIfAsked();
  if (!LineHasMore()) return false;
  *byte = line_bytes[line_next++];
  return true;
}

void Write(const uint8_t* bytes, size_t count) {
  if (count > 0) MustWrite(replies, bytes, count);
}

void Wait() {
  if (!LineHasMore() && dry_is_used_up) semihosting::Exit(static_cast<int32_t>(JobStatus::kDone));
}

}  // namespace gritspace::live_job
