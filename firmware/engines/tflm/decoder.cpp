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
  if (!Has(scheme)) return 0;
  return With(scheme,
              [](const auto& network) { return static_cast<uint32_t>(network.arena_bytes()); });
}

}  // namespace gritspace::decoder

namespace gritspace::loader {

using decoder::With;

uint8_t* Room(Scheme scheme) {
  return With(scheme, [](auto& network) { return network.room(); });
}

bool SetUp(Scheme scheme, size_t size, uint32_t model_id) {
  return With(scheme, [=](auto& network) { return network.SetUpOther(size, model_id); });
}

const ModelInfo& Candidate(Scheme scheme) {
  return With(scheme, [](const auto& network) -> const ModelInfo& { return network.other_info(); });
}

int TestBlocks(Scheme scheme) {
  return With(scheme, [](const auto& network) { return network.test_blocks(); });
}

bool PlayTestBlock(Scheme scheme, int block) {
  return With(scheme, [=](auto& network) { return network.PlayTestBlock(block); });
}

void Offer(Scheme scheme) {
  With(scheme, [](auto& network) { network.Offer(); });
}

bool Waits(Scheme scheme) {
  return With(scheme, [](const auto& network) { return network.waits(); });
}

const ModelInfo& Next(Scheme scheme) {
  return Waits(scheme) ? Candidate(scheme) : decoder::Info(scheme);
}

void TakeNext(Scheme scheme) {
  if (Waits(scheme)) With(scheme, [](auto& network) { network.TakeNext(); });
}

}  // namespace gritspace::loader
