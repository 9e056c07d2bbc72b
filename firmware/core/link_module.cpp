// SPDX-License-Identifier: MIT
// The requests of the link that concern the whole module: its state, its settings, playing it.
#include <cstring>

#include "core/codec.h"
#include "core/link.h"
#include "core/settings.h"

namespace gritspace {
namespace {

using protocol::ErrorCode;
using protocol::PacketType;

}  // namespace

size_t Link::TellStatus() {
  const protocol::Status status = live_->ReadStatus();
  return Reply(PacketType::kStatusIs, &status, sizeof(status));
}

size_t Link::TellSettings(const protocol::Settings& settings) {
  return Reply(PacketType::kSettingsAre, &settings, sizeof(settings));
}

size_t Link::ReadSettings(size_t size) {
  protocol::ReadSettings read;
  if (!ReadPayload(size, &read)) return Refuse(ErrorCode::kWrongSize);
  if (read.factory > 1) return Refuse(ErrorCode::kOutOfRange);
  return TellSettings(read.factory != 0 ? FactorySettings() : live_->settings());
}

size_t Link::WriteSettings(size_t size) {
  protocol::Settings settings;
  if (!ReadPayload(size, &settings)) return Refuse(ErrorCode::kWrongSize);
  if (!IsSound(settings) || !decoder::Has(static_cast<Scheme>(settings.scheme))) {
    return Refuse(ErrorCode::kOutOfRange);
  }
  return live_->Change(settings) ? TellSettings(live_->settings()) : Refuse(ErrorCode::kNotSaved);
}

size_t Link::RecallPreset(size_t size) {
  protocol::RecallPreset recall;
  if (!ReadPayload(size, &recall)) return Refuse(ErrorCode::kWrongSize);
  if (recall.index >= protocol::kPresets) return Refuse(ErrorCode::kOutOfRange);
  const Command command{Command::Kind::kRecallPreset, static_cast<float>(recall.index)};
  return live_->Send(command) ? TellStatus() : Refuse(ErrorCode::kBusy);
}

size_t Link::StorePreset(size_t size) {
  protocol::StorePreset store;
  if (!ReadPayload(size, &store)) return Refuse(ErrorCode::kWrongSize);
  if (store.index >= protocol::kPresets) return Refuse(ErrorCode::kOutOfRange);
  return live_->StorePreset(store.index) ? TellSettings(live_->settings())
                                         : Refuse(ErrorCode::kNotSaved);
}

size_t Link::TakeMidi(size_t size) {
  bool all = true;
  for (size_t i = 0; i < size; ++i) all = live_->TakeMidi(payload()[i]) && all;
  return all ? TellStatus() : Refuse(ErrorCode::kBusy);
}

size_t Link::TurnPanel(size_t size) {
  protocol::Panel panel;
  if (!ReadPayload(size, &panel)) return Refuse(ErrorCode::kWrongSize);
  return live_->TurnPanel(PanelOf(panel)) ? TellStatus() : Refuse(ErrorCode::kRealPanel);
}

size_t Link::PowerUp(size_t size) {
  protocol::PowerUp power_up;
  if (!ReadPayload(size, &power_up)) return Refuse(ErrorCode::kWrongSize);
  if (power_up.factory > 1) return Refuse(ErrorCode::kOutOfRange);
  live_->StartBench(power_up.factory != 0);
  session_ = Session::kModule;
  last_sequence_ = request_.sequence;
  return TellStatus();
}

size_t Link::Play(size_t size) {
  const size_t block_size = Live::Model().block_size;
  const size_t audio_bytes = block_size * sizeof(int32_t);
  protocol::Play play;
  const ErrorCode error = CheckBlock(Session::kModule, size, sizeof(play) + audio_bytes);
  if (error != ErrorCode::kNone) return Refuse(error);
  std::memcpy(&play, payload(), sizeof(play));
  const uint8_t* const dry = payload() + sizeof(play);
  for (size_t i = 0; i < block_size; ++i) {
    int32_t sample;
    std::memcpy(&sample, dry + i * sizeof(sample), sizeof(sample));
    if (sample < -kCodecFullScale || sample >= kCodecFullScale) {
      return Refuse(ErrorCode::kOutOfRange);
    }
    audio_[i] = FromCodec(sample);
  }
  last_sequence_ = request_.sequence;
  const PanelOutput lights = live_->PlayBench(PanelOf(play), audio_, audio_);
  return TellPlayed(lights);
}

size_t Link::TellPlayed(const PanelOutput& lights) {
  const protocol::Status status = live_->ReadStatus();
  protocol::Played played{};
  played.spot = status.spot;
  played.flags = status.flags;
  std::memcpy(played.leds, lights.led, sizeof(played.leds));
  size_t end = Reply(PacketType::kPlayed, &played, sizeof(played));
  for (size_t i = 0; i < Live::Model().block_size; ++i) {
    const int32_t sample = ToCodec(audio_[i]);
    end = Reply(PacketType::kPlayed, &sample, sizeof(sample), end);
  }
  return end;
}

size_t Link::GoLive(size_t size) {
  if (size != 0) return Refuse(ErrorCode::kWrongSize);
  live_->GoLive();
  session_ = Session::kNone;
  return TellStatus();
}

size_t Link::Leave(size_t size) {
  if (size != 0) return Refuse(ErrorCode::kWrongSize);
  if (!identity_.has_bootloader) return Refuse(ErrorCode::kNoBootloader);
  leaving_ = true;
  return TellStatus();
}

}  // namespace gritspace
