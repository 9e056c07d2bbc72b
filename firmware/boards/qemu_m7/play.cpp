// SPDX-License-Identifier: MIT
// Recordings through the whole module. See play.h.
#include "boards/qemu_m7/play.h"

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "boards/playback.h"
#include "boards/qemu_m7/semihosting.h"
#include "core/live.h"

namespace gritspace {
namespace {

struct Files {
  int32_t inputs, dry, wet, outputs;
};

bool OpenFiles(Words* words, Files* files) {
  using semihosting::Mode;
  const char* const inputs = words->Next();
  const char* const dry = words->Next();
  const char* const wet = words->Next();
  const char* const outputs = words->Next();
  if (outputs == nullptr) return false;
  *files = {semihosting::Open(inputs, Mode::kRead), semihosting::Open(dry, Mode::kRead),
            semihosting::Open(wet, Mode::kWrite), semihosting::Open(outputs, Mode::kWrite)};
  return files->inputs >= 0 && files->dry >= 0 && files->wet >= 0 && files->outputs >= 0;
}

JobStatus PlayFiles(Live* live, const Files& files) {
  static int32_t samples[protocol::kMaxBlockSize];
  const size_t audio_bytes = Live::Model().block_size * sizeof(samples[0]);
  for (;;) {
    PlayInput input;
    const size_t bytes = semihosting::Read(files.inputs, &input, sizeof(input));
    if (bytes == 0) return JobStatus::kDone;
    if (bytes != sizeof(input) ||
        semihosting::Read(files.dry, samples, audio_bytes) != audio_bytes) {
      return JobStatus::kFile;
    }
    const PlayOutput output = PlayBlock(live, input, samples, samples);
    if (semihosting::Write(files.wet, samples, audio_bytes) != audio_bytes ||
        semihosting::Write(files.outputs, &output, sizeof(output)) != sizeof(output)) {
      return JobStatus::kFile;
    }
  }
}

}  // namespace

JobStatus RunPlay(Words* words) {
  static Live live;
  const char* const settings = words->Next();
  if (settings == nullptr) return JobStatus::kUsage;
  const bool factory = std::strcmp(settings, "factory") == 0;
  if (!factory && std::strcmp(settings, "stored") != 0) return JobStatus::kUsage;
  if (words->NextNumber() != Live::Model().block_size) return JobStatus::kUsage;
  Files files{};
  if (!OpenFiles(words, &files)) return JobStatus::kFile;
  live.PowerUp(kPlaybackBudgetCycles, false);
  live.StartBench(factory);
  const JobStatus status = PlayFiles(&live, files);
  const bool closed = semihosting::Close(files.wet) && semihosting::Close(files.outputs);
  return closed ? status : JobStatus::kFile;
}

}  // namespace gritspace
