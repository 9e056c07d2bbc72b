// SPDX-License-Identifier: MIT
// The whole module as a function of time: panel and audio in, audio and lights out, a block at a
// time. Depends on all that stands below it; knows no board, no link, no flash. The same inputs
// give the same outputs, bit for bit, on every board.
#pragma once

#include <cstdint>

#include "core/command.h"
#include "core/controls.h"
#include "core/lights.h"
#include "core/overload.h"
#include "core/panel.h"
#include "core/processor.h"
#include "core/spot.h"
#include "generated/protocol.h"

namespace gritspace {

class Module {
 public:
  // As at power-up. `budget_cycles`: of a block, 0: unknown.
  void Init(const protocol::Settings& settings, uint32_t budget_cycles);

  // Audio thread. One block; `in` and `out` may be the same. Settings may differ from block to
  // block.
  PanelOutput Process(const protocol::Settings& settings, const PanelInput& panel, const float* in,
                      float* out);

  // Audio thread, between blocks.
  void Obey(const Command& command, const protocol::Settings& settings);
  void ReportCycles(uint32_t cycles);
  void ShowFault(protocol::Fault fault);  // by the lights, for a while

  // Audio thread. After a block: all but what the module cannot know (lost blocks, panel, who
  // plays).
  protocol::Status ReadStatus() const;
  uint16_t flags() const { return state_.flags; }
  Place base() const { return spot_.base(); }
  const Processor& processor() const { return processor_; }

 private:
  void Meter();
  uint16_t Flags(const Gestures& gestures) const;

  Controls controls_;
  SpotControl spot_;
  Processor processor_;
  OverloadGuard overload_;
  Lights lights_;

  uint32_t block_rate_ = 0;  // blocks a second

  struct State {
    uint32_t blocks;
    bool bypass;
    Place place;
    uint16_t flags;
    PanelOutput lights_shown;
    protocol::Fault fault;
    uint32_t fault_blocks;  // for which the lights still tell the fault
    uint32_t clip_blocks;   // for which the clip light still burns
    float input_peak, output_peak;
  };
  State state_{};
};

}  // namespace gritspace
