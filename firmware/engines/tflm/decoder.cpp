// SPDX-License-Identifier: MIT
// core/decoder.h and core/loader.h by TFLite Micro's interpreter, for each scheme one that plays
// and one to spare, on the .tflite files themselves. A scheme whose model could not be set up
// (operators, arena, shapes, card) is one that the board does not have: the link refuses it, and
// played it is silence. GRITSPACE_WITHOUT_INT8 leaves that one out.
#include "core/decoder.h"

#include "core/loader.h"
#include "engines/tflm/arena.h"
#include "engines/tflm/model_files.h"
#include "engines/tflm/places.h"

namespace gritspace::decoder {
namespace {

// What the interpreter may use, arena and states.
#if GRITSPACE_WITHOUT_INT8
// On a Daisy Seed two of them share DTCM with the stack; what is small enough to be played in time
// has 10 to 17 kB.
constexpr size_t kArenaBytesInt16x8 = 24 << 10, kStateBytesInt16x8 = 8 << 10;
#else
// Half as much again as a decoder of 12 channels and six layers.
constexpr size_t kArenaBytesInt8 = 40 << 10, kStateBytesInt8 = 8 << 10;
constexpr size_t kArenaBytesInt16x8 = 64 << 10, kStateBytesInt16x8 = 16 << 10;

using PlacesInt8 = Places<int8_t, kArenaBytesInt8, kStateBytesInt8>;
alignas(16) PlacesInt8::Rooms rooms_int8;
PlacesInt8 network_int8(&rooms_int8, kFileInt8, kFileInt8Size, kFileInt8Id);
#endif

using PlacesInt16x8 = Places<int16_t, kArenaBytesInt16x8, kStateBytesInt16x8>;
alignas(16) PlacesInt16x8::Rooms rooms_int16x8;
PlacesInt16x8 network_int16x8(&rooms_int16x8, kFileInt16x8, kFileInt16x8Size, kFileInt16x8Id);

}  // namespace
}  // namespace gritspace::decoder

#include "engines/decoder_functions.h"

namespace gritspace::decoder {

uint32_t ArenaBytes(Scheme scheme) {
  size_t bytes = 0;
  if (Has(scheme)) With(scheme, [&](const auto& network) { bytes = network.arena_bytes(); });
  return static_cast<uint32_t>(bytes);
}

}  // namespace gritspace::decoder

namespace gritspace::loader {

using decoder::With;

uint8_t* Room(Scheme scheme) {
  uint8_t* room = nullptr;
  With(scheme, [&](auto& network) { room = network.room(); });
  return room;
}

bool SetUp(Scheme scheme, size_t size, uint32_t model_id) {
  bool done = false;
  With(scheme, [&](auto& network) { done = network.SetUpOther(size, model_id); });
  return done;
}

const ModelInfo& Candidate(Scheme scheme) {
  const ModelInfo* info = nullptr;
  With(scheme, [&](const auto& network) { info = &network.other_info(); });
  return *info;
}

int TestBlocks(Scheme scheme) {
  int blocks = 0;
  With(scheme, [&](const auto& network) { blocks = network.test_blocks(); });
  return blocks;
}

bool PlayTestBlock(Scheme scheme, int block) {
  bool exact = false;
  With(scheme, [&](auto& network) { exact = network.PlayTestBlock(block); });
  return exact;
}

void Offer(Scheme scheme) {
  With(scheme, [](auto& network) { network.Offer(); });
}

bool Waits(Scheme scheme) {
  if (scheme == Scheme::kInt8 && !decoder::kHasInt8) return false;
  bool waits = false;
  With(scheme, [&](const auto& network) { waits = network.waits(); });
  return waits;
}

const ModelInfo& Next(Scheme scheme) {
  return Waits(scheme) ? Candidate(scheme) : decoder::Info(scheme);
}

void TakeNext(Scheme scheme) {
  With(scheme, [](auto& network) { network.TakeNext(); });
}

}  // namespace gritspace::loader
