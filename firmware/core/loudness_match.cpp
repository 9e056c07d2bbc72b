// SPDX-License-Identifier: MIT
// Averages of weighted energy, and a gain that walks until they are equal.
#include "core/loudness_match.h"

namespace gritspace {
namespace {

constexpr float kHighPassHz = 38.1F;
constexpr float kShelfHz = 1600;

constexpr float kAverageS = 1;          // longer than a beat, or the gain would follow beats
constexpr float kDecibelsPerS = 4;      // slow enough not to be heard moving
constexpr float kLargest = 2;           // 6 dB either way
constexpr float kAlike = 1.06F;         // in energy, a quarter of a decibel: there the gain rests
constexpr float kPlayedPower = 1e-5F;   // -50 dBFS: pauses and hum are no reason to move
constexpr float kBeforePower = 1e-3F;   // -30 dBFS: as if both had been that loud before
constexpr float kOneDecibel = 0.1151F;  // the natural logarithm of its gain

}  // namespace

void EarWeighting::Init(float sample_rate_hz) {
  first_.Init(kHighPassHz, sample_rate_hz);
  second_.Init(kHighPassHz, sample_rate_hz);
  treble_.Init(kShelfHz, sample_rate_hz);
}

void EarWeighting::Reset() {
  first_.Reset();
  second_.Reset();
  treble_.Reset();
}

void EarWeighting::EndBlock() {
  first_.EndBlock();
  second_.EndBlock();
  treble_.EndBlock();
}

void LoudnessMatch::Init(float sample_rate_hz, int block_size) {
  const float block_rate_hz = sample_rate_hz / static_cast<float>(block_size);
  block_size_ = block_size;
  step_ = kOneDecibel * kDecibelsPerS / block_rate_hz;
  dry_ear_.Init(sample_rate_hz);
  wet_ear_.Init(sample_rate_hz);
  dry_energy_.Init(kAverageS, block_rate_hz);
  wet_energy_.Init(kAverageS, block_rate_hz);
  Reset();
}

void LoudnessMatch::Reset() {
  dry_ear_.Reset();
  wet_ear_.Reset();
  dry_energy_.Reset(kBeforePower * static_cast<float>(block_size_));
  wet_energy_.Reset(kBeforePower * static_cast<float>(block_size_));
  gain_ = 1;
}

void LoudnessMatch::Listen(const float* dry, float dry_gain, const float* wet, float wet_gain) {
  EarWeighting dry_ear = dry_ear_, wet_ear = wet_ear_;
  float dry_energy = 0, wet_energy = 0;
  for (int i = 0; i < block_size_; ++i) {
    const float dry_heard = dry_ear.Process(dry[i]), wet_heard = wet_ear.Process(wet[i]);
    dry_energy += dry_heard * dry_heard;
    wet_energy += wet_heard * wet_heard;
  }
  dry_ear.EndBlock();
  wet_ear.EndBlock();
  dry_ear_ = dry_ear;
  wet_ear_ = wet_ear;
  dry_energy *= dry_gain * dry_gain;
  wet_energy *= wet_gain * wet_gain;
  if (dry_energy < kPlayedPower * static_cast<float>(block_size_)) return;
  const float wanted = dry_energy_.Process(dry_energy);
  const float matched = wet_energy_.Process(wet_energy) * gain_ * gain_;
  if (matched * kAlike < wanted) gain_ = Clamped(gain_ + step_ * gain_, 1 / kLargest, kLargest);
  if (matched > wanted * kAlike) gain_ = Clamped(gain_ - step_ * gain_, 1 / kLargest, kLargest);
}

}  // namespace gritspace
