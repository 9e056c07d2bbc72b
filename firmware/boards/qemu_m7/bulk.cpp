// SPDX-License-Identifier: MIT
// Whole recordings through the decoder, file to file. See bulk.h.
#include "boards/qemu_m7/bulk.h"

#include <cstddef>
#include <cstdint>

#include "boards/qemu_m7/semihosting.h"
#include "core/decoder.h"
#include "core/link.h"

namespace gritspace {
namespace {

struct Job {
  Scheme scheme;
  const char* input;
  const char* output;
};

bool ReadJob(Words* words, Job* job) {
  const int code = words->NextNumber();
  const int block_size = words->NextNumber();
  job->input = words->Next();
  job->output = words->Next();
  if (job->output == nullptr || code < 0 || code >= kSchemeCount) return false;
  job->scheme = static_cast<Scheme>(code);
  return block_size == decoder::Info(job->scheme).block_size;
}

JobStatus ProcessFile(const Job& job, int32_t input, int32_t output) {
  static int16_t request[protocol::kLatentSize + protocol::kMaxBlockSize];
  static int16_t wet[protocol::kMaxBlockSize];
  const ModelInfo& model = decoder::Info(job.scheme);
  const size_t count = protocol::kLatentSize + static_cast<size_t>(model.block_size);
  const size_t audio_bytes = model.block_size * sizeof(int16_t);

  decoder::Reset(job.scheme);
  for (;;) {
    const size_t bytes = semihosting::Read(input, request, count * sizeof(int16_t));
    if (bytes == 0) return JobStatus::kDone;
    if (bytes != count * sizeof(int16_t)) return JobStatus::kFile;
    if (!WithinRange(model, request, count)) return JobStatus::kOutOfRange;
    decoder::Process(job.scheme, request + protocol::kLatentSize, request, wet);
    if (semihosting::Write(output, wet, audio_bytes) != audio_bytes) return JobStatus::kFile;
  }
}

}  // namespace

JobStatus RunBulk(Words* words) {
  Job job{};
  if (!ReadJob(words, &job)) return JobStatus::kUsage;
  const int32_t input = semihosting::Open(job.input, semihosting::Mode::kRead);
  const int32_t output = semihosting::Open(job.output, semihosting::Mode::kWrite);
  if (input < 0 || output < 0) return JobStatus::kFile;
  const JobStatus status = ProcessFile(job, input, output);
  return semihosting::Close(output) ? status : JobStatus::kFile;
}

}  // namespace gritspace
