// SPDX-License-Identifier: MIT
// A block's way through the sound. What is exact here stays so on every board: no libm, and each
// gain is still when nothing moves it.
#include "core/processor.h"

#include <cstring>

#include "core/loader.h"
#include "core/loudness.h"

namespace gritspace {
namespace {

constexpr float kDcCutoffHz = 3.5F;    // takes 0.13 dB off 20 Hz, and nine tenths of DC in 0.1 s
constexpr float kPowerUpWaitS = 0.2F;  // in which the decoder's own DC is taken out
constexpr float kPowerUpFadeS = 0.05F;
constexpr float kFadeS = 0.01F;

// Below this the decoder is given next to nothing (2 of 32768, or no code of 8 bits), and what it
// then makes of a moving place is not to be heard.
constexpr float kQuiet = 1.0F / 16384;
constexpr float kGateStep = 0.1F;  // of a block

constexpr float Larger(float a, float b) { return a > b ? a : b; }

// A place along one axis, -1..1, as the decoder's integer.
int16_t CodeOf(float place, int16_t low, int16_t high) {
  const float half = static_cast<float>(high - low + 1) / 2;
  const int32_t code = Nearest(static_cast<float>(low) + half + Clamped(place, -1, 1) * half);
  return static_cast<int16_t>(code > high ? high : code);
}

// 1 / sqrt(x) for x in 0.5..1, 1 for 1: Newton's method from the chord, which is within 2 %.
float InverseSquareRoot(float x) {
  float root = 1 + (1 - x) * 0.8284271F;
  for (int i = 0; i < 3; ++i) root *= 1.5F - 0.5F * x * root * root;
  return root;
}

// The gain that keeps (1 - mix) * dry + mix * wet as loud as dry and wet, which are equally loud.
// The power of such a sum follows from their correlation; for one of 0..1 it is 0.5..1.
float EqualLoudness(float mix, float correlation) {
  const float rest = 1 - mix;
  return InverseSquareRoot(rest * rest + mix * mix + 2 * correlation * mix * rest);
}

}  // namespace

void Processor::Init(Scheme scheme) {
  crossfades_ = true;
  UseDecoder(scheme);
  const auto sample_rate_hz = static_cast<float>(model_->sample_rate_hz);
  const float block_rate_hz = sample_rate_hz / static_cast<float>(model_->block_size);
  const auto blocks = [block_rate_hz](float time_s) {
    return static_cast<uint32_t>(time_s * block_rate_hz) + 1;
  };
  settling_blocks_ = blocks(kSettlingSeconds);
  dc_blocker_.Init(kDcCutoffHz, sample_rate_hz);
  match_.Init(sample_rate_hz, model_->block_size);
  power_up_.Init(kPowerUpFadeS, block_rate_hz);
  power_up_.Drop(blocks(kPowerUpWaitS));
  effect_.Init(kFadeS, block_rate_hz);
  gains_ = {};
  overload_ = rested_ = false;
  quiet_blocks_ = 0;
  gate_ = 1;
  for (float& sample : wet_) sample = 0;
  for (float& sample : dry_) sample = 0;
}

// Level and z of the one are not the other's: each starts from its silence.
void Processor::UseDecoder(Scheme scheme) {
  scheme_ = scheme;
  loader::TakeNext(scheme);
  model_ = &decoder::Info(scheme);
  decoder::Reset(scheme);
  dc_blocker_.Reset();
  match_.Reset();
  level_gain_ = 0;
  for (int16_t& axis : z_) axis = 0;
}

void Processor::Process(const Sound& sound, const float* in, float* out) {
  const bool rests = sound.overload && overload_;
  if (rested_ && !rests) decoder::Reset(scheme_);  // what it remembers is of long ago
  rested_ = rests;
  overload_ = sound.overload;
  SwitchDecoderWhenDry(sound);
  Encode(LevelGain(*model_->loudness, sound.level) * sound.in_gain, in);
  if (!rested_) Decode(sound);
  Mix(NextGains(sound), out);
}

bool Processor::StaysWith(Scheme scheme) const {
  return scheme == scheme_ && !loader::Waits(scheme_);
}

void Processor::SwitchDecoderWhenDry(const Sound& sound) {
  const Scheme idle = scheme_ == Scheme::kInt8 ? Scheme::kInt16x8 : Scheme::kInt8;
  if (&decoder::Info(idle) != model_) loader::TakeNext(idle);  // or it is both schemes' and plays
  if (StaysWith(sound.scheme) || !effect_.gone()) return;
  UseDecoder(sound.scheme);
  effect_.Drop(settling_blocks_);
}

void Processor::Encode(float drive, const float* in) {
  const auto full_scale = static_cast<float>(model_->sample_max + 1);
  const auto highest = static_cast<float>(model_->sample_max);
  const float gain = drive * full_scale;
  Ramp ramp(level_gain_, gain, model_->block_size);
  float* line = dry_ + model_->latency_samples;
  float peak = 0, driven_peak = 0;
  for (int i = 0; i < model_->block_size; ++i) {
    const float sample = in[i];
    const float driven = sample * ramp.Next();
    line[i] = sample;
    peak = Larger(peak, Magnitude(sample));
    driven_peak = Larger(driven_peak, Magnitude(driven));
    dry_codes_[i] = static_cast<int16_t>(Nearest(Clamped(driven, -full_scale, highest)));
  }
  level_gain_ = gain;
  input_peak_ = peak;
  clipped_ = driven_peak >= full_scale;
  const bool quiet = driven_peak <= kQuiet * full_scale;
  quiet_blocks_ = !quiet ? 0 : quiet_blocks_ + (quiet_blocks_ <= settling_blocks_ ? 1 : 0);
}

void Processor::Decode(const Sound& sound) {
  crossfaded_ = false;
  if (!sound.overload) {  // or there is no time to preview, and z stays where it is
    const int16_t* low = model_->latent_min;
    const int16_t* high = model_->latent_max;
    const int16_t z[] = {CodeOf(sound.place.x, low[0], high[0]),
                         CodeOf(sound.place.y, low[1], high[1])};
    static_assert(sizeof(z) == sizeof(z_));
    crossfaded_ = crossfades_ && std::memcmp(z, z_, sizeof(z)) != 0;
    if (crossfaded_) decoder::Preview(scheme_, dry_codes_, z_, before_codes_);
    std::memcpy(z_, z, sizeof(z));
  }
  decoder::Process(scheme_, dry_codes_, z_, wet_codes_);

  const int16_t* before = crossfaded_ ? before_codes_ : wet_codes_;
  const float scale = 1 / static_cast<float>(model_->sample_max + 1);
  Ramp part(0, 1, model_->block_size);
  DcBlocker blocker = dc_blocker_;
  for (int i = 0; i < model_->block_size; ++i) {
    const auto from = static_cast<float>(before[i]);
    const auto to = static_cast<float>(wet_codes_[i]);
    wet_[i] = blocker.Process(Between(from, to, part.Next()) * scale);
  }
  blocker.EndBlock();
  dc_blocker_ = blocker;
}

// Closes slowly in silence. Behind it, what is left of the last sound's mean is forgotten, which a
// silent decoder has no more: it would be the click with which the next sound begins.
float Processor::Gate() {
  gate_ = quiet_blocks_ > settling_blocks_ ? Larger(gate_ - kGateStep, 0) : 1;
  if (gate_ <= 0 && wet_codes_[model_->block_size - 1] == 0) dc_blocker_.Reset();
  return SmoothStep(gate_);
}

Processor::Gains Processor::NextGains(const Sound& sound) {
  if (sound.overload) effect_.Drop(settling_blocks_);
  const float heard = power_up_.Process(true);
  const float effect = effect_.Process(!sound.bypass && StaysWith(sound.scheme));
  // At once, without a ramp, which would take the edge off the sound that opens it.
  const bool opens = gate_ <= 0 && quiet_blocks_ == 0;
  const float gate = Gate();
  const float mix = Clamped(sound.mix, 0, 1);
  const Loudness loudness = At(*model_->loudness, sound.place.x, sound.place.y, sound.level);
  if (!rested_) match_.Listen(dry_, sound.in_gain, wet_, loudness.makeup);
  const float even = EqualLoudness(mix, loudness.correlation);
  const float dry = heard * Between(1, (1 - mix) * even, effect);
  const float wet = heard * effect * gate * mix * even * loudness.makeup * match_.gain();
  // Here and in the drive the converters' gains cost nothing for a sample.
  const Gains gains{dry * sound.in_gain * sound.out_gain, wet * sound.out_gain};
  if (opens) gains_.wet = gains.wet;
  return gains;
}

void Processor::Mix(Gains gains, float* out) {
  const int block_size = model_->block_size;
  Ramp dry_gain(gains_.dry, gains.dry, block_size);
  Ramp wet_gain(gains_.wet, gains.wet, block_size);
  float peak = 0;
  for (int i = 0; i < block_size; ++i) {
    const float sum = dry_[i] * dry_gain.Next() + wet_[i] * wet_gain.Next();
    out[i] = Clamped(sum, -1, 1);
    peak = Larger(peak, Magnitude(out[i]));
  }
  gains_ = gains;
  output_peak_ = peak;
  std::memmove(dry_, dry_ + block_size, model_->latency_samples * sizeof(float));
}

}  // namespace gritspace
