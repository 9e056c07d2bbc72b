// SPDX-License-Identifier: MIT
// An upload's steps. See upload.h.
#include "core/upload.h"

#include <cstring>

#include "core/framing.h"
#include "core/loader.h"

namespace gritspace {

using protocol::ErrorCode;

#if GRITSPACE_LOADS_MODELS

bool Upload::Restore() {
  bool restored = true;
  for (int code = 0; code < kSchemeCount; ++code) {
    const auto scheme = static_cast<Scheme>(code);
    if (decoder::Has(scheme)) restored &= RestoreScheme(scheme);
  }
  return restored;
}

bool Upload::RestoreScheme(Scheme scheme) {
  bool found = false;
  constexpr bool kNewestFirst[] = {true, false};
  for (const bool newest : kNewestFirst) {
    ModelRecord model;
    uint32_t block_cycles = 0;
    if (!model_store::Find(scheme, newest, &model)) continue;
    found = true;
    if (!model_store::Read(scheme, newest, model, loader::Room(scheme)) ||
        SetUp(scheme, model) != ErrorCode::kNone || !PlayTest(scheme, &block_cycles)) {
      continue;
    }
    loader::Offer(scheme);
    loader::TakeNext(scheme);
    decoder::Reset(scheme);
    return true;
  }
  return !found;
}

ErrorCode Upload::Begin(const protocol::BeginModel& begin) {
  model_ = {};
  received_ = block_cycles_ = 0;
  sectors_left_ = 0;
  if (begin.scheme >= kSchemeCount) return ErrorCode::kUnknownScheme;
  const auto scheme = static_cast<Scheme>(begin.scheme);
  if (!decoder::Has(scheme)) return ErrorCode::kUnknownScheme;
  if (begin.size == 0) return ErrorCode::kOutOfRange;
  if (begin.size > protocol::kMaxModelBytes) return ErrorCode::kModelTooLarge;
  if (loader::Waits(scheme)) return ErrorCode::kBusy;
  scheme_ = scheme;
  model_.model_id = begin.model_id;
  model_.size = begin.size;
  model_.crc = begin.crc;
  return ErrorCode::kNone;
}

ErrorCode Upload::Take(uint32_t offset, const uint8_t* bytes, size_t count) {
  if (model_.size == 0 || offset != received_) return ErrorCode::kWrongSequence;
  if (count > model_.size - received_) return ErrorCode::kOutOfRange;
  sectors_left_ = 0;  // what had passed is not what is there now
  std::memcpy(loader::Room(scheme_) + received_, bytes, count);
  received_ += static_cast<uint32_t>(count);
  return ErrorCode::kNone;
}

ErrorCode Upload::Try() {
  if (model_.size == 0 || received_ != model_.size) return ErrorCode::kWrongSequence;
  if (Crc32(loader::Room(scheme_), model_.size) != model_.crc) return ErrorCode::kModelDamaged;
  const ErrorCode error = SetUp(scheme_, model_);
  if (error != ErrorCode::kNone) return error;
  if (!PlayTest(scheme_, &block_cycles_)) return ErrorCode::kSelfTestFailed;
  if (!too_slow()) sectors_left_ = model_store::Sectors(model_.size);
  return ErrorCode::kNone;
}

// The codec was started with the block of the model that plays.
ErrorCode Upload::SetUp(Scheme scheme, const ModelRecord& model) const {
  if (!loader::SetUp(scheme, model.size, model.model_id)) return ErrorCode::kForeignModel;
  const ModelInfo& candidate = loader::Candidate(scheme);
  const ModelInfo& plays = Live::Model();
  const bool fits = candidate.block_size == plays.block_size &&
                    candidate.sample_rate_hz == plays.sample_rate_hz &&
                    candidate.latency_samples == plays.latency_samples;
  return fits ? ErrorCode::kNone : ErrorCode::kForeignModel;
}

// What the audio thread took meanwhile is not the model's. The first block fills the caches.
bool Upload::PlayTest(Scheme scheme, uint32_t* block_cycles) const {
  const int blocks = loader::TestBlocks(scheme);
  uint32_t sum = 0;
  for (int block = 0; block < blocks; ++block) {
    const uint32_t others = live_->audio_cycles(), start = cycles_();
    if (!loader::PlayTestBlock(scheme, block)) return false;
    const uint32_t took = cycles_() - start - (live_->audio_cycles() - others);
    if (block > 0 || blocks == 1) sum += took;
  }
  *block_cycles = sum / static_cast<uint32_t>(blocks > 1 ? blocks - 1 : 1);
  return true;
}

bool Upload::too_slow() const {
  const uint32_t limit = live_->decoder_limit_cycles();
  return limit != 0 && block_cycles_ > limit;
}

ErrorCode Upload::Keep(int sector) {
  if (too_slow()) return ErrorCode::kTooSlow;
  if (sectors_left_ == 0 || sector != sectors_left_ - 1) return ErrorCode::kWrongSequence;
  if (!model_store::WriteSector(scheme_, model_, loader::Room(scheme_), sector)) {
    sectors_left_ = 0;
    return ErrorCode::kModelNotSaved;
  }
  if (--sectors_left_ == 0) {
    loader::Offer(scheme_);
    model_ = {};
  }
  return ErrorCode::kNone;
}

#else

bool Upload::Restore() { return true; }
ErrorCode Upload::Begin(const protocol::BeginModel&) { return ErrorCode::kModelsCompiledIn; }
ErrorCode Upload::Take(uint32_t, const uint8_t*, size_t) { return ErrorCode::kModelsCompiledIn; }
ErrorCode Upload::Try() { return ErrorCode::kModelsCompiledIn; }
ErrorCode Upload::Keep(int) { return ErrorCode::kModelsCompiledIn; }

#endif

protocol::ModelIs Upload::Describe() const {
  return {received_, block_cycles_, live_->decoder_limit_cycles(),
          static_cast<uint8_t>(sectors_left_)};
}

}  // namespace gritspace
