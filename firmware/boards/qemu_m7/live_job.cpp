// SPDX-License-Identifier: MIT
// The live firmware's outside world in files. See live_job.h.
#include "boards/qemu_m7/live_job.h"

#include <cstring>

#include "boards/board.h"
#include "boards/qemu_m7/semihosting.h"

namespace gritspace::live_job {
namespace {

enum class Mishap { kNone, kHang, kStall, kFault, kLate };

bool runs = false;
int32_t dry = -1, line = -1, wet = -1, replies = -1;

Mishap mishap = Mishap::kNone;
int mishap_block = 0, mishap_blocks = 0;

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

bool HasRestarted() { return board::LastFault() != protocol::Fault::kNone; }

Mishap MishapOf(const char* word) {
  if (std::strcmp(word, "hang") == 0) return Mishap::kHang;
  if (std::strcmp(word, "stall") == 0) return Mishap::kStall;
  if (std::strcmp(word, "fault") == 0) return Mishap::kFault;
  if (std::strcmp(word, "late") == 0) return Mishap::kLate;
  return Mishap::kNone;
}

bool ReadMishap(Words* words) {
  const char* const word = words->Next();
  if (word == nullptr) return true;
  mishap = MishapOf(word);
  mishap_block = words->NextNumber();
  if (mishap == Mishap::kLate) mishap_blocks = words->NextNumber();
  return mishap != Mishap::kNone && mishap_block >= 0 && mishap_blocks >= 0;
}

void StopIf(Mishap stop) {
  if (mishap != stop || HasRestarted()) return;
  while (captured_blocks >= mishap_block) {
  }
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
  const Mode output = HasRestarted() ? Mode::kUpdate : Mode::kWrite;
  wet = semihosting::Open(wet_name, output);
  replies = semihosting::Open(replies_name, output);
  runs = dry >= 0 && line >= 0 && wet >= 0 && replies >= 0 && semihosting::SeekEnd(wet) &&
         semihosting::SeekEnd(replies);
  return runs ? JobStatus::kDone : JobStatus::kFile;
}

bool Runs() { return runs; }

void Capture(int32_t* block, size_t block_size) {
  captured_blocks = captured_blocks + 1;
  std::memset(block, 0, block_size * sizeof(*block));
  if (dry_is_used_up) return;
  dry_is_used_up = semihosting::Read(dry, block, block_size * sizeof(*block)) == 0;
}

void Hear(const int32_t* block, size_t block_size) {
  MustWrite(wet, block, block_size * sizeof(*block));
}

// A late block ends after the next has been captured.
void MeetMishap() {
  StopIf(Mishap::kStall);
  const int block = captured_blocks;
  if (mishap == Mishap::kFault && block >= mishap_block) __asm__ volatile("udf #0");
  if (mishap != Mishap::kLate || block < mishap_block || mishap_blocks == 0) return;
  --mishap_blocks;
  while (captured_blocks == block) {
  }
}

bool Read(uint8_t* byte) {
  StopIf(Mishap::kHang);
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
