// SPDX-License-Identifier: MIT
// The order of a block: hands, map, sound, lights.
#include "core/module.h"

#include <algorithm>
#include <cstring>

#include "core/filters.h"
#include "core/settings.h"

namespace gritspace {
namespace {

constexpr uint32_t kClipMilliseconds = 100;  // an eye sees that
constexpr uint32_t kFaultMilliseconds = 10'000;
constexpr float kPeakFloor = 1e-5F;  // -100 dB
constexpr float kPeakFall = 0.995F;  // a block: 20 dB in half a second

uint16_t FullScaleOf(float peak) { return static_cast<uint16_t>(std::min(peak, 1.0F) * 32768.0F); }

// A meter that rises at once and falls slowly, to zero and not into denormals.
float Fallen(float before, float now) {
  const float fallen = before * kPeakFall;
  return std::max(now, fallen < kPeakFloor ? 0 : fallen);
}

// Exactly 1 for a full scale as the sound is laid out for.
float Ratio(uint16_t over, uint16_t under) {
  return static_cast<float>(over) / static_cast<float>(under);
}

constexpr uint16_t FlagIf(bool condition, uint16_t flag) { return condition ? flag : 0; }

}  // namespace

void Module::Init(const protocol::Settings& settings, uint32_t budget_cycles) {
  state_ = {};
  const auto scheme = static_cast<Scheme>(settings.scheme);
  const ModelInfo& model = decoder::Info(scheme);
  block_rate_ = model.sample_rate_hz / model.block_size;
  const float block_rate_hz =
      static_cast<float>(model.sample_rate_hz) / static_cast<float>(model.block_size);
  controls_.Init(block_rate_hz);
  spot_.Init(block_rate_hz);
  processor_.Init(scheme);
  overload_.Init(budget_cycles, block_rate_hz);
  lights_.Init(block_rate_hz);
}

PanelOutput Module::Process(const protocol::Settings& settings, const PanelInput& panel,
                            const float* in, float* out) {
  const Gestures gestures = controls_.Process(panel, settings);
  if (gestures.bypass_pressed) state_.bypass = !state_.bypass;
  state_.place = spot_.Process(gestures, settings);
  processor_.Process({state_.place, gestures.level, gestures.mix,
                      Ratio(settings.in_full_scale_mv, kInFullScaleMillivolts),
                      Ratio(kOutFullScaleMillivolts, settings.out_full_scale_mv), state_.bypass,
                      overload_.dry(), static_cast<Scheme>(settings.scheme)},
                     in, out);
  Meter();
  state_.flags = Flags(gestures);
  const bool tells_fault = state_.fault_blocks > 0;
  if (tells_fault) --state_.fault_blocks;
  state_.lights_shown = lights_.Process(state_.place, state_.flags,
                                        tells_fault ? state_.fault : protocol::Fault::kNone);
  ++state_.blocks;
  return state_.lights_shown;
}

void Module::Meter() {
  state_.input_peak = Fallen(state_.input_peak, processor_.input_peak());
  state_.output_peak = Fallen(state_.output_peak, processor_.output_peak());
  if (processor_.clipped()) {
    state_.clip_blocks = 1 + block_rate_ * kClipMilliseconds / 1000;
  } else if (state_.clip_blocks > 0) {
    --state_.clip_blocks;
  }
}

uint16_t Module::Flags(const Gestures& gestures) const {
  const bool frozen = spot_.source() == protocol::Base::kFrozen;
  return static_cast<uint16_t>(FlagIf(state_.bypass, protocol::kFlagBypass) |
                               FlagIf(frozen, protocol::kFlagFrozen) |
                               FlagIf(overload_.dry(), protocol::kFlagOverload) |
                               FlagIf(state_.clip_blocks > 0, protocol::kFlagClip) |
                               FlagIf(gestures.gate, protocol::kFlagGate));
}

void Module::Obey(const Command& command, const protocol::Settings& settings) {
  if (command.kind == Command::Kind::kBypass) {
    state_.bypass = command.value > 0;
  } else {
    spot_.Obey(command, settings);
  }
}

void Module::ReportCycles(uint32_t cycles) {
  overload_.Report(cycles);
  const uint32_t budget = overload_.budget_cycles();
  const bool played_once = !processor_.crossfaded() && !processor_.rested();
  if (budget != 0 && played_once) processor_.AllowCrossfades(cycles <= budget / 2);
}

void Module::ShowFault(protocol::Fault fault) {
  state_.fault = fault;
  state_.fault_blocks = block_rate_ * kFaultMilliseconds / 1000;
}

protocol::Status Module::ReadStatus() const {
  protocol::Status status{};
  status.blocks = state_.blocks;
  status.overloads = overload_.overloads();
  status.budget_cycles = overload_.budget_cycles();
  status.mean_cycles = overload_.mean_cycles();
  status.worst_cycles = overload_.worst_cycles();
  status.flags = state_.flags;
  status.base = static_cast<uint8_t>(spot_.source());
  status.preset = spot_.preset();
  status.spot = SpotOf(state_.place);
  status.input_peak = FullScaleOf(state_.input_peak);
  status.output_peak = FullScaleOf(state_.output_peak);
  std::memcpy(status.leds, state_.lights_shown.led, sizeof(status.leds));
  return status;
}

}  // namespace gritspace
