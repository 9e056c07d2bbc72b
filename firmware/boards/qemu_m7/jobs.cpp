// SPDX-License-Identifier: MIT
// The command line, and which job it names. See jobs.h.
#include "boards/qemu_m7/jobs.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "boards/qemu_m7/bulk.h"
#include "boards/qemu_m7/flash_file.h"
#include "boards/qemu_m7/live_job.h"
#include "boards/qemu_m7/play.h"
#include "boards/qemu_m7/semihosting.h"

namespace gritspace {
namespace {

constexpr size_t kCommandLineBytes = 256;

bool has_job = false;

[[noreturn]] void End(JobStatus status) { semihosting::Exit(static_cast<int32_t>(status)); }

bool Is(const char* word, const char* name) {
  return word != nullptr && std::strcmp(word, name) == 0;
}

}  // namespace

const char* Words::Next() {
  while (*rest_ == ' ') ++rest_;
  if (*rest_ == '\0') return nullptr;
  const char* const word = rest_;
  while (*rest_ != ' ' && *rest_ != '\0') ++rest_;
  if (*rest_ == ' ') *rest_++ = '\0';
  return word;
}

int Words::NextNumber() {
  const char* const word = Next();
  if (word == nullptr) return -1;
  int number = 0;
  for (int digits = 0; word[digits] != '\0'; ++digits) {
    if (word[digits] < '0' || word[digits] > '9' || digits == 9) return -1;
    number = 10 * number + (word[digits] - '0');
  }
  return number;
}

// Without words of ours, QEMU's command line is the image's name.
void DoJobs() {
  static char command_line[kCommandLineBytes];
  if (!semihosting::GetCommandLine(command_line, sizeof(command_line))) return;
  Words words(command_line);
  const char* word = words.Next();
  if (Is(word, "storage")) {
    if (!KeepStorageIn(words.Next())) End(JobStatus::kFile);
    word = words.Next();
  }
  has_job = Is(word, "bulk") || Is(word, "play") || Is(word, "live");
  if (Is(word, "bulk")) End(RunBulk(&words));
  if (Is(word, "play")) End(RunPlay(&words));
  if (!Is(word, "live")) return;
  const JobStatus status = live_job::Start(&words);
  if (status != JobStatus::kDone) End(status);
}

bool HasJob() { return has_job; }

}  // namespace gritspace
