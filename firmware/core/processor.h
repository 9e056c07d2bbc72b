// SPDX-License-Identifier: MIT
// The sound: level into the decoder, a crossfade when z moves, DC out, loudness made up, mixed with
// dry in time, faded by bypass, overload and power-up. Depends on decoder.h, loader.h, loudness.h,
// loudness_match.h, fade.h; knows no knobs.
#pragma once

#include <cstdint>

#include "core/decoder.h"
#include "core/fade.h"
#include "core/filters.h"
#include "core/loudness_match.h"
#include "core/spot.h"
#include "generated/protocol.h"

namespace gritspace {

// What a block is to sound like at its end; every gain ramps there from where the last block ended.
struct Sound {
  Place place;
  float level;  // 0..1, the knob
  float mix;    // 0..1, dry to wet
  // From what the converters have to the sound, and back: 1 unless their full scale is another one.
  float in_gain, out_gain;
  bool bypass;
  bool overload;  // dry at once, and the decoder rests
  Scheme scheme;  // another one, or another model, is faded over to by way of dry
};

class Processor {
 public:
  static constexpr int kMaxLatency = 64;  // samples that dry can be held back

  // Silence, as at power-up: nothing is heard for a moment, then the sound fades in.
  void Init(Scheme scheme);

  // Audio thread. One block of the decoder's block size, full scale is 1; `out` may be `in`. Out is
  // within -1..1.
  void Process(const Sound& sound, const float* in, float* out);

  // Whether there is time for crossfades, for which the decoder plays twice; without, a moving z
  // goes by steps from block to block.
  void AllowCrossfades(bool allowed) { crossfades_ = allowed; }

  // Of the last block.
  bool clipped() const { return clipped_; }  // the decoder's input was beyond full scale
  const int16_t* z() const { return z_; }    // what the decoder played, LATENT_SIZE integers
  // Magnitudes of in and out, 1 is full scale of the converters.
  float input_peak() const { return input_peak_; }
  float output_peak() const { return output_peak_; }

  // For proving it against golden: the decoder's last block, valid when it did not rest.
  const int16_t* dry_codes() const { return dry_codes_; }
  const int16_t* wet_codes() const { return wet_codes_; }        // at the new z, from Process
  const int16_t* before_codes() const { return before_codes_; }  // at the old z, from Preview
  bool crossfaded() const { return crossfaded_; }  // whether before_codes is of this block
  bool rested() const { return rested_; }

 private:
  struct Gains {
    float dry, wet;
  };

  // The steps of a block: input to codes, codes to wet, gains at the block's end, the sum.
  void UseDecoder(Scheme scheme);
  bool StaysWith(Scheme scheme) const;  // neither another scheme is asked for nor a model waits
  void SwitchDecoderWhenDry(const Sound& sound);
  void Encode(float drive, const float* in);
  void Decode(const Sound& sound);
  Gains NextGains(const Sound& sound);
  float Gate();
  void Mix(Gains gains, float* out);

  Scheme scheme_{};
  const ModelInfo* model_ = nullptr;
  uint32_t settling_blocks_ = 0;
  DcBlocker dc_blocker_;
  LoudnessMatch match_;
  Fade power_up_, effect_;

  // Where the last block ended.
  float level_gain_ = 0;  // to codes
  Gains gains_{};
  int16_t z_[protocol::kLatentSize] = {};
  bool crossfades_ = true;
  bool overload_ = false;
  uint32_t quiet_blocks_ = 0;  // in a row, up to this one; counted until the gate closes
  float gate_ = 1;             // 1: open

  bool clipped_ = false, crossfaded_ = false, rested_ = false;
  float input_peak_ = 0, output_peak_ = 0;
  int16_t dry_codes_[protocol::kMaxBlockSize] = {};
  int16_t wet_codes_[protocol::kMaxBlockSize] = {};
  int16_t before_codes_[protocol::kMaxBlockSize] = {};
  float wet_[protocol::kMaxBlockSize] = {};                // DC taken out
  float dry_[kMaxLatency + protocol::kMaxBlockSize] = {};  // the block behind what is held back
};

}  // namespace gritspace
