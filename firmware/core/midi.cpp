// SPDX-License-Identifier: MIT
// A byte at a time, with running status. See midi.h.
#include "core/midi.h"

#include "generated/protocol.h"

namespace gritspace {
namespace {

using Kind = MidiEvent::Kind;

constexpr uint8_t kStatusBit = 0x80;
constexpr uint8_t kControlChange = 0xB0, kProgramChange = 0xC0;  // with the channel below
constexpr uint8_t kFirstSystem = 0xF0, kFirstRealTime = 0xF8;

MidiEvent PresetEvent(Kind kind, uint8_t preset) {
  return preset < protocol::kPresets ? MidiEvent{kind, preset} : MidiEvent{};
}

MidiEvent SwitchEvent(Kind kind, uint8_t value) {
  return {kind, static_cast<uint8_t>(value >= 64 ? 1 : 0)};
}

MidiEvent ControlEvent(uint8_t controller, uint8_t value) {
  switch (controller) {
    case 14:
      return {Kind::kMoveX, value};
    case 15:
      return {Kind::kMoveY, value};
    case 20:
      return PresetEvent(Kind::kRecallPreset, value);
    case 21:
      return PresetEvent(Kind::kStorePreset, value);
    case 80:
      return SwitchEvent(Kind::kFreeze, value);
    case 81:
      return SwitchEvent(Kind::kBypass, value);
    default:
      return {};
  }
}

}  // namespace

MidiEvent Midi::Read(uint8_t byte, uint8_t channel) {
  if (byte >= kFirstRealTime) return {};
  if ((byte & kStatusBit) != 0) {
    // System messages end the running status; what data they have is for others.
    status_ = byte < kFirstSystem ? byte : 0;
    has_controller_ = false;
    return {};
  }
  const uint8_t message = status_ & 0xF0;
  const bool is_ours = channel == 0 || (status_ & 0x0F) + 1 == channel;
  if (message == kProgramChange) {
    return is_ours ? PresetEvent(Kind::kRecallPreset, byte) : MidiEvent{};
  }
  if (message != kControlChange) return {};
  has_controller_ = !has_controller_;
  if (has_controller_) {
    controller_ = byte;
    return {};
  }
  return is_ours ? ControlEvent(controller_, byte) : MidiEvent{};
}

}  // namespace gritspace
