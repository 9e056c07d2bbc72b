// SPDX-License-Identifier: MIT
// Whole recordings through the decoder, file to file. See bulk.h.
#include "boards/qemu_m7/bulk.h"

#include <cstdint>
#include <cstring>

#include "boards/qemu_m7/semihosting.h"
#include "core/decoder.h"
#include "core/link.h"

namespace gritspace {
namespace {

constexpr size_t kCommandLineBytes = 256;

struct Job {
  Scheme scheme;
  const char* input;
  const char* output;
};

// Cuts the next word off `*rest`; nullptr when there is none.
char* NextWord(char** rest) {
  while (**rest == ' ') ++*rest;
  if (**rest == '\0') return nullptr;
  char* const word = *rest;
  while (**rest != ' ' && **rest != '\0') ++*rest;
  if (**rest == ' ') *(*rest)++ = '\0';
  return word;
}

// A decimal number of up to four digits, or -1.
int ReadNumber(const char* word) {
  int number = 0;
  for (int digits = 0; word[digits] != '\0'; ++digits) {
    if (word[digits] < '0' || word[digits] > '9' || digits == 4) return -1;
    number = 10 * number + (word[digits] - '0');
  }
  return number;
}

bool ReadJob(char* words, Job* job) {
  char* const scheme = NextWord(&words);
  char* const block_size = NextWord(&words);
  job->input = NextWord(&words);
  job->output = NextWord(&words);
  if (job->output == nullptr) return false;
  const int code = ReadNumber(scheme);
  if (code < 0 || code >= kSchemeCount) return false;
  job->scheme = static_cast<Scheme>(code);
  return ReadNumber(block_size) == decoder::Info(job->scheme).block_size;
}

BulkStatus ProcessFile(const Job& job, int32_t input, int32_t output) {
  static int16_t request[protocol::kLatentSize + protocol::kMaxBlockSize];
  static int16_t wet[protocol::kMaxBlockSize];
  const ModelInfo& model = decoder::Info(job.scheme);
  const size_t count = protocol::kLatentSize + static_cast<size_t>(model.block_size);
  const size_t audio_bytes = model.block_size * sizeof(int16_t);

  decoder::Reset(job.scheme);
  for (;;) {
    const size_t bytes = semihosting::Read(input, request, count * sizeof(int16_t));
    if (bytes == 0) return BulkStatus::kDone;
    if (bytes != count * sizeof(int16_t)) return BulkStatus::kFile;
    if (!WithinRange(model, request, count)) return BulkStatus::kOutOfRange;
    decoder::Process(job.scheme, request + protocol::kLatentSize, request, wet);
    if (semihosting::Write(output, wet, audio_bytes) != audio_bytes) return BulkStatus::kFile;
  }
}

BulkStatus Run(char* words) {
  Job job{};
  if (!ReadJob(words, &job)) return BulkStatus::kUsage;
  const int32_t input = semihosting::Open(job.input, semihosting::Mode::kRead);
  const int32_t output = semihosting::Open(job.output, semihosting::Mode::kWrite);
  if (input < 0 || output < 0) return BulkStatus::kFile;
  const BulkStatus status = ProcessFile(job, input, output);
  return semihosting::Close(output) ? status : BulkStatus::kFile;
}

}  // namespace

void RunBulkAndExitIfAsked() {
  static char command_line[kCommandLineBytes];
  if (!semihosting::GetCommandLine(command_line, sizeof(command_line))) return;
  char* words = command_line;
  const char* const command = NextWord(&words);
  if (command == nullptr || std::strcmp(command, "bulk") != 0) return;
  semihosting::Exit(static_cast<int32_t>(Run(words)));
}

}  // namespace gritspace
