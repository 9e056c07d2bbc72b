// SPDX-License-Identifier: MIT
// core/decoder.h by TFLite Micro's interpreter, one for each scheme, on the .tflite files
// themselves. A scheme that could not be set up (operators, arena, shapes) is one that the board
// does not have: the link refuses it, and played it is silence. GRITSPACE_WITHOUT_INT8 leaves that
// one out.
#include "core/decoder.h"

#include "engines/tflm/arena.h"
#include "engines/tflm/interpreter.h"
#include "engines/tflm/model_files.h"
#include "generated/model_int16x8.h"
#include "generated/model_int8.h"

namespace gritspace::decoder {
namespace {

// What the interpreter may use, arena and states: half as much again as a decoder of 12 channels
// and six layers, and with the rest that plays within the 96 kB of DTCM beside a Daisy Seed's
// stack.
constexpr size_t kArenaBytesInt8 = 40 << 10, kArenaBytesInt16x8 = 64 << 10;
constexpr size_t kStateBytesInt8 = 8 << 10, kStateBytesInt16x8 = 16 << 10;

Interpreter<int16_t, kArenaBytesInt16x8, kStateBytesInt16x8> network_int16x8(kFileInt16x8,
                                                                             ModelInt16x8::kInfo);
#if !GRITSPACE_WITHOUT_INT8
Interpreter<int8_t, kArenaBytesInt8, kStateBytesInt8> network_int8(kFileInt8, ModelInt8::kInfo);
#endif

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
