// SPDX-License-Identifier: MIT
// An engine that takes models, for tests: a model is any bytes with a sound card among them, and
// what it plays is an echo, wet[n] = dry[n - 1] + channels, saturated. Time stands still but while
// it plays, 100 cycles a block for each layer. Depends on core/ only.
#include <atomic>
#include <cstring>

#include "core/decoder.h"
#include "core/loader.h"
#include "core/model_card.h"
#include "generated/protocol.h"

extern "C" {
uint32_t engine_cycles = 0;
}

namespace gritspace {
namespace {

constexpr int kTooLarge = 99;  // layers for which the engine has no memory

struct Model {
  ModelInfo info;
  LoudnessMap loudness;
  TestVectors vectors;
  int16_t last_sample;
};

struct Places {
  Model models[2];
  uint8_t rooms[2][protocol::kMaxModelBytes];
  std::atomic<int> playing;
  std::atomic<bool> waits;

  Model& Playing() { return models[playing.load()]; }
  Model& Other() { return models[1 - playing.load()]; }
};

Places schemes[kSchemeCount];

Places& Of(Scheme scheme) { return schemes[static_cast<int>(scheme)]; }

// What the image has: ids as in stub_decoder.cpp, one channel, one layer.
bool Start() {
  for (int code = 0; code < kSchemeCount; ++code) {
    schemes[code].playing = 0;
    schemes[code].waits = false;
    std::memset(schemes[code].rooms, 0xA5, sizeof(schemes[code].rooms));
    Model& model = schemes[code].models[0];
    model = {};
    for (int i = 0; i < LoudnessMap::kColumns; ++i) {
      model.loudness.column_255th[i] = static_cast<uint8_t>(255 * i / (LoudnessMap::kColumns - 1));
    }
    model.loudness.level_low_db = -20;
    model.loudness.level_high_db = 20;
    const auto most = static_cast<int16_t>(code == 0 ? INT8_MAX : INT16_MAX);
    const auto least = static_cast<int16_t>(-most - 1);
    model.info = {static_cast<Scheme>(code),
                  code == 0 ? 0x01234567 : 0x89ABCDEF,
                  48000,
                  48,
                  0,
                  least,
                  most,
                  1,
                  1,
                  {least, least},
                  {most, most},
                  &model.loudness};
  }
  return true;
}

const bool kReady = Start();

void Play(Model* model, const int16_t* dry, int16_t* wet) {
  engine_cycles += 100U * model->info.layers;
  int before = model->last_sample;
  for (int i = 0; i < model->info.block_size; ++i) {
    const int sum = before + model->info.channels;
    wet[i] = sum > model->info.sample_max ? model->info.sample_max : static_cast<int16_t>(sum);
    before = dry[i];
  }
}

}  // namespace

// All that RAM holds is lost.
extern "C" void cut_engine_power() { Start(); }

namespace decoder {

bool Has(Scheme) { return kReady; }
const ModelInfo& Info(Scheme scheme) { return Of(scheme).Playing().info; }
void Reset(Scheme scheme) { Of(scheme).Playing().last_sample = 0; }
void Preview(Scheme scheme, const int16_t* dry, const int16_t*, int16_t* wet) {
  Play(&Of(scheme).Playing(), dry, wet);
}
void Process(Scheme scheme, const int16_t* dry, const int16_t* z, int16_t* wet) {
  Preview(scheme, dry, z, wet);
  Of(scheme).Playing().last_sample = dry[Info(scheme).block_size - 1];
}
void ReadStream(Scheme, int, int16_t*) {}

}  // namespace decoder

namespace loader {

uint8_t* Room(Scheme scheme) { return Of(scheme).rooms[1 - Of(scheme).playing.load()]; }

bool SetUp(Scheme scheme, size_t size, uint32_t model_id) {
  const uint8_t* room = Room(scheme);
  Model& model = Of(scheme).Other();
  for (size_t at = 0; at + sizeof(ModelCard) <= size; ++at) {
    ModelCard card;
    std::memcpy(&card, room + at, sizeof(card));
    if (std::memcmp(room + at, "GRC1", 4) != 0) continue;
    const size_t card_size = sizeof(card) + sizeof(LoudnessMap) +
                             card.test_blocks * (4 + 4 * static_cast<size_t>(card.block_size));
    if (at + card_size > size) return false;
    model.last_sample = 0;
    if (!ReadCard(room + at, card_size, scheme, &model.info, &model.loudness, &model.vectors)) {
      return false;
    }
    model.info.model_id = model_id;
    return model.info.layers != kTooLarge;
  }
  return false;
}

const ModelInfo& Candidate(Scheme scheme) { return Of(scheme).Other().info; }
int TestBlocks(Scheme scheme) { return Of(scheme).Other().vectors.blocks; }

bool PlayTestBlock(Scheme scheme, int block) {
  static int16_t z[protocol::kLatentSize], dry[protocol::kMaxBlockSize];
  static int16_t wanted[protocol::kMaxBlockSize], played[protocol::kMaxBlockSize];
  Model& model = Of(scheme).Other();
  const int block_size = model.info.block_size;
  if (block == 0) model.last_sample = 0;
  ReadTestBlock(model.vectors, block_size, block, z, dry, wanted);
  Play(&model, dry, played);
  model.last_sample = dry[block_size - 1];
  return std::memcmp(played, wanted, static_cast<size_t>(block_size) * sizeof(int16_t)) == 0;
}

void Offer(Scheme scheme) { Of(scheme).waits = true; }
bool Waits(Scheme scheme) { return Of(scheme).waits.load(); }
const ModelInfo& Next(Scheme scheme) {
  return Waits(scheme) ? Candidate(scheme) : decoder::Info(scheme);
}
void TakeNext(Scheme scheme) {
  Places& places = Of(scheme);
  if (places.waits.exchange(false)) places.playing = 1 - places.playing.load();
}

}  // namespace loader
}  // namespace gritspace
