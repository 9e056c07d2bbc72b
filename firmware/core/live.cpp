// SPDX-License-Identifier: MIT
// What the audio thread and the main loop say to each other, and who has the module: codec or
// bench.
#include "core/live.h"

#include <cstddef>
#include <cstring>

#include "core/settings.h"

namespace gritspace {
namespace {

constexpr uint32_t kBenchTimeoutSeconds = 5;  // without a packet the module goes back to the stage

// Of `faults_`.
constexpr uint32_t kOneFault = 256;
constexpr protocol::Fault LastFault(uint32_t faults) {
  return static_cast<protocol::Fault>(faults % kOneFault);
}

// All that a code means depends on the fields before the presets.
bool SameCalibration(const protocol::Settings& a, const protocol::Settings& b) {
  return std::memcmp(&a, &b, offsetof(protocol::Settings, presets)) == 0;
}

// 0..127 to the map, 64 in its middle and both edges reached.
constexpr float PositionOfMidi(uint8_t value) {
  return static_cast<float>(value - 64) / (value < 64 ? 64.0F : 63.0F);
}

}  // namespace

Live::Live() = default;

void Live::PowerUp(uint32_t budget_cycles, bool has_panel) {
  budget_cycles_ = budget_cycles;
  has_panel_ = has_panel;
  Restart();
  if (!decoder::Has(static_cast<Scheme>(settings().scheme))) SetFault(protocol::Fault::kNoDecoder);
}

void Live::Restart() {
  const bool found = LoadSettings();
  StartModule();
  if (!found) SetFault(protocol::Fault::kSettingsLost);
}

bool Live::LoadSettings() {
  protocol::Settings settings;
  const bool found = store_.Load(&settings) != SettingsStore::Found::kDamaged;
  Use(settings);
  return found;
}

PanelOutput Live::Play(const PanelInput& panel, const float* in, float* out) {
  codec_blocks_.store(codec_blocks_.load() + 1);
  if (bench()) {
    idle_blocks_.store(idle_blocks_.load() + 1);
    FadeOut(out);
    return {};
  }
  const int turned = turned_current_.load();
  const PanelOutput lights = PlayModule(turned == kNeverTurned ? panel : turned_[turned], in, out);
  last_out_ = out[Model().block_size - 1];
  return lights;
}

void Live::FadeOut(float* out) {
  const int block_size = Model().block_size;
  const float step = last_out_ / static_cast<float>(block_size);
  for (int i = 0; i < block_size; ++i) out[i] = last_out_ - step * static_cast<float>(i + 1);
  out[block_size - 1] = last_out_ = 0;
}

void Live::Finish(uint32_t cycles, uint32_t lost_blocks) {
  lost_blocks_.store(lost_blocks);
  audio_cycles_.store(audio_cycles_.load() + cycles);
  if (!bench()) module_.ReportCycles(cycles);
}

PanelOutput Live::PlayBench(const PanelInput& panel, const float* in, float* out) {
  KeepBench();
  return PlayModule(panel, in, out);
}

PanelOutput Live::PlayModule(const PanelInput& panel, const float* in, float* out) {
  Command command;
  while (commands_.Read(&command)) module_.Obey(command, settings());
  ShowFault();
  const PanelOutput lights = module_.Process(settings(), panel, in, out);
  Publish(panel);
  return lights;
}

void Live::ShowFault() {
  const uint32_t faults = faults_.load();
  if (faults == shown_faults_) return;
  shown_faults_ = faults;
  module_.ShowFault(LastFault(faults));
}

void Live::Publish(const PanelInput& panel) {
  status_writes_.store(status_writes_.load() + 1);
  status_ = module_.ReadStatus();
  std::memcpy(status_.adc, panel.adc, sizeof(status_.adc));
  status_.inputs = static_cast<uint8_t>((panel.gate ? protocol::kInputGate : 0) |
                                        (panel.button ? protocol::kInputButton : 0));
  base_ = module_.base();
  status_writes_.store(status_writes_.load() + 1);
}

// The audio thread may come while the copy is made: then it is made again. Every second count is
// odd, while the audio thread writes, but that is never seen from here.
template <class Value>
Value Live::Read(const Value& published) const {
  for (;;) {
    const uint32_t before = status_writes_.load();
    const Value copy = published;
    std::atomic_signal_fence(std::memory_order_seq_cst);
    if (before == status_writes_.load()) return copy;
  }
}

protocol::Status Live::ReadStatus() {
  protocol::Status status = Read(status_);
  status.lost_blocks = lost_blocks_.load();
  status.fault = static_cast<uint8_t>(LastFault(faults_.load()));
  if (!bench()) status.flags = static_cast<uint16_t>(status.flags | protocol::kFlagLive);
  return status;
}

bool Live::Tend() {
  const uint32_t timeout = kBenchTimeoutSeconds * Model().sample_rate_hz / Model().block_size;
  if (bench() && idle_blocks_.load() > timeout) GoLive();
  const uint32_t blocks = codec_blocks_.load();
  const bool played = blocks != blocks_seen_;
  blocks_seen_ = blocks;
  return played;
}

// The audio thread reads the current copy from one instruction to the next, but runs to its end:
// when `current_` has changed, nobody reads the other copy.
void Live::Use(const protocol::Settings& settings) {
  const uint32_t other = 1 - current_.load();
  settings_[other] = settings;
  current_.store(other);
}

bool Live::Change(const protocol::Settings& changed) {
  // First the warning: the audio thread may play a block between the two.
  if (!SameCalibration(changed, settings())) Send({Command::Kind::kRecalibrated, 0});
  Use(changed);
  if (!remember_) return true;
  const bool saved = store_.Save(changed);
  if (saved) {
    ForgetSettingsFault();
  } else {
    SetFault(protocol::Fault::kSettingsNotSaved);
  }
  return saved;
}

void Live::SetFault(protocol::Fault fault) {
  const uint32_t before = faults_.load();
  faults_.store(before - before % kOneFault + kOneFault + static_cast<uint32_t>(fault));
}

void Live::ForgetSettingsFault() {
  const protocol::Fault last = LastFault(faults_.load());
  if (last == protocol::Fault::kSettingsLost || last == protocol::Fault::kSettingsNotSaved) {
    SetFault(protocol::Fault::kNone);
  }
}

bool Live::StorePreset(int index) {
  protocol::Settings changed = settings();
  changed.presets[index] = SpotOf(Read(base_));
  return Change(changed);
}

bool Live::TakeMidi(uint8_t byte) {
  const MidiEvent event = midi_.Read(byte, settings().midi_channel);
  const auto value = static_cast<float>(event.value);
  switch (event.kind) {
    case MidiEvent::Kind::kNone:
      return true;
    case MidiEvent::Kind::kMoveX:
      return Send({Command::Kind::kMoveX, PositionOfMidi(event.value)});
    case MidiEvent::Kind::kMoveY:
      return Send({Command::Kind::kMoveY, PositionOfMidi(event.value)});
    case MidiEvent::Kind::kRecallPreset:
      return Send({Command::Kind::kRecallPreset, value});
    case MidiEvent::Kind::kStorePreset:
      StorePreset(event.value);
      return true;
    case MidiEvent::Kind::kFreeze:
      return Send({Command::Kind::kFreeze, value});
    case MidiEvent::Kind::kBypass:
      return Send({Command::Kind::kBypass, value});
  }
  return true;
}

bool Live::TurnPanel(const PanelInput& panel) {
  if (has_panel_) return false;
  const int other = turned_current_.load() == 0 ? 1 : 0;
  turned_[other] = panel;
  turned_current_.store(other);
  return true;
}

void Live::StartBench(bool factory) {
  bench_.store(true);
  KeepBench();
  remember_ = !factory;
  if (!factory) return Restart();
  Use(FactorySettings());
  StartModule();
}

void Live::TakeDecoder() {
  bench_.store(true);
  KeepBench();
}

void Live::GoLive() {
  if (!bench()) return;
  remember_ = true;
  LoadSettings();
  StartModule();
  bench_.store(false);
}

void Live::StartModule() {
  Command forgotten;
  while (commands_.Read(&forgotten)) {
  }
  midi_ = {};  // half a message may be of long ago
  shown_faults_ = faults_.load();
  module_.Init(settings(), budget_cycles_);
  status_ = module_.ReadStatus();
  base_ = module_.base();
}

}  // namespace gritspace
