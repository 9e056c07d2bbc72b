// SPDX-License-Identifier: MIT
// One block through Live's bench. See playback.h.
#include "boards/playback.h"

#include <cstring>

#include "core/codec.h"

namespace gritspace {

PlayOutput PlayBlock(Live* live, const PlayInput& input, const int32_t* dry, int32_t* wet) {
  static float audio[protocol::kMaxBlockSize];
  const size_t block_size = Live::Model().block_size;
  for (size_t i = 0; i < block_size; ++i) audio[i] = FromCodec(dry[i]);
  const PanelOutput lights = live->PlayBench(PanelOf(input), audio, audio);
  live->module().ReportCycles(input.cycles);
  for (size_t i = 0; i < block_size; ++i) wet[i] = ToCodec(audio[i]);

  const Processor& processor = live->module().processor();
  PlayOutput output{};
  std::memcpy(output.z, processor.z(), sizeof(output.z));
  output.flags = live->module().flags();
  std::memcpy(output.leds, lights.led, sizeof(output.leds));
  output.crossfaded = processor.crossfaded() ? 1 : 0;
  output.rested = processor.rested() ? 1 : 0;
  return output;
}

}  // namespace gritspace
