// SPDX-License-Identifier: MIT
// A scheme's two interpreters: one plays, in the other the next model is set up and tried. Depends
// on interpreter.h. See core/loader.h for who calls what.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/model_card.h"
#include "engines/tflm/interpreter.h"
#include "generated/protocol.h"

namespace gritspace {

template <class Sample, size_t kArenaBytes, size_t kStateBytes>
class Places {
 public:
  // Where the files of models lie that came over the link; they are not read for every sample.
  using Rooms = uint8_t[2][protocol::kMaxModelBytes];

  // Before main: the image's model plays.
  Places(Rooms* rooms, const uint8_t* file, uint32_t size, uint32_t model_id) : rooms_(*rooms) {
    playing().SetUp(file, size, model_id);
  }

  bool ready() const { return playing().ready(); }
  const ModelInfo& info() const { return playing().info(); }
  size_t arena_bytes() const { return playing().arena_bytes(); }
  void Reset() { playing().Reset(); }
  void Process(const int16_t* dry, const int16_t* z, int16_t* wet) {
    playing().Process(dry, z, wet);
  }
  void Preview(const int16_t* dry, const int16_t* z, int16_t* wet) {
    playing().Preview(dry, z, wet);
  }
  void ReadStream(int layer, int16_t* stream) { playing().ReadStream(layer, stream); }

  uint8_t* room() { return rooms_[1 - playing_.load()]; }
  bool SetUpOther(size_t size, uint32_t model_id) { return other().SetUp(room(), size, model_id); }
  const ModelInfo& other_info() const { return other().info(); }
  int test_blocks() const { return other().test_vectors().blocks; }

  bool PlayTestBlock(int block) {
    const int block_size = other().info().block_size;
    if (block == 0) other().Reset();
    int16_t z[protocol::kLatentSize];
    ReadTestBlock(other().test_vectors(), block_size, block, z, dry_, wet_);
    other().Process(dry_, z, played_);
    return std::memcmp(played_, wet_, static_cast<size_t>(block_size) * sizeof(int16_t)) == 0;
  }

  void Offer() { waits_.store(true); }
  bool waits() const { return waits_.load(); }
  void TakeNext() {  // when one waits
    waits_.store(false);
    playing_.store(1 - playing_.load());
  }

 private:
  using Network = Interpreter<Sample, kArenaBytes, kStateBytes>;

  Network& playing() { return networks_[playing_.load()]; }
  const Network& playing() const { return networks_[playing_.load()]; }
  Network& other() { return networks_[1 - playing_.load()]; }
  const Network& other() const { return networks_[1 - playing_.load()]; }

  Rooms& rooms_;
  std::atomic<int> playing_{0};
  std::atomic<bool> waits_{false};
  int16_t dry_[protocol::kMaxBlockSize], wet_[protocol::kMaxBlockSize];
  int16_t played_[protocol::kMaxBlockSize];
  Network networks_[2];
};

}  // namespace gritspace
