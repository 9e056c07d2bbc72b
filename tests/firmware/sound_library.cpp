// SPDX-License-Identifier: MIT
// core/processor.h and the tables and gains below it under plain names, for Python's ctypes and for
// calls on the Cortex-M7, which are of four words at most. Depends on whichever decoder it is
// linked with.
#include <algorithm>

#include "core/decibels.h"
#include "core/loudness.h"
#include "core/processor.h"

namespace {

using gritspace::LoudnessMap;
using gritspace::Scheme;
using gritspace::protocol::kMaxBlockSize;

gritspace::Processor processor;

// What a block did; the twin of REPORT in sounds.py.
struct Report {
  int16_t z[2];
  uint8_t clipped, crossfaded, rested;
  float input_peak, output_peak;
  int16_t dry[kMaxBlockSize], wet[kMaxBlockSize], before[kMaxBlockSize];
};

}  // namespace

extern "C" {

[[gnu::used]] void sound_init(uint8_t scheme) { processor.Init(static_cast<Scheme>(scheme)); }

// One block, in place as the codec's driver may do it.
[[gnu::used]] void sound_process(const gritspace::Sound* sound, float* audio, Report* report) {
  processor.Process(*sound, audio, audio);
  std::copy_n(processor.z(), 2, report->z);
  report->clipped = processor.clipped();
  report->crossfaded = processor.crossfaded();
  report->rested = processor.rested();
  report->input_peak = processor.input_peak();
  report->output_peak = processor.output_peak();
  std::copy_n(processor.dry_codes(), kMaxBlockSize, report->dry);
  std::copy_n(processor.wet_codes(), kMaxBlockSize, report->wet);
  std::copy_n(processor.before_codes(), kMaxBlockSize, report->before);
}

[[gnu::used]] void gains_of_decibels(const float* db, float* gains, size_t count) {
  std::transform(db, db + count, gains, gritspace::GainOfDecibels);
}

// `at`: x, y and level of each; `found`: makeup, correlation and the level's gain.
[[gnu::used]] void loudness_at(const LoudnessMap* map, const float* at, float* found,
                               size_t count) {
  for (; count > 0; --count, at += 3, found += 3) {
    const gritspace::Loudness loudness = gritspace::At(*map, at[0], at[1], at[2]);
    found[0] = loudness.makeup;
    found[1] = loudness.correlation;
    found[2] = gritspace::LevelGain(*map, at[2]);
  }
}

[[gnu::used]] const LoudnessMap* loudness_of(uint8_t scheme) {
  return gritspace::decoder::Info(static_cast<Scheme>(scheme)).loudness;
}

}  // extern "C"
