// SPDX-License-Identifier: MIT
// Packets in and out, and the decoder's requests; link_module.cpp has the module's,
// link_model.cpp those that bring a model. All is validated here: what is behind runs blind.
#include "core/link.h"

#include <cstring>

#include "core/loader.h"

namespace gritspace {
namespace {

using protocol::ErrorCode;
using protocol::PacketType;

void CopyText(const char* text, char (&field)[protocol::kTextSize]) {
  for (char& character : field) character = *text != '\0' ? *text++ : '\0';
}

}  // namespace

bool WithinRange(const ModelInfo& model, const int16_t* values, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    if (values[i] < model.sample_min || values[i] > model.sample_max) return false;
  }
  return true;
}

Bytes Link::Receive(uint8_t byte) {
  if (byte != kDelimiter) {
    if (received_size_ < sizeof(received_)) received_[received_size_] = byte;
    if (received_size_ <= sizeof(received_)) ++received_size_;
    return {};
  }
  const size_t size = received_size_;
  received_size_ = 0;
  return size <= sizeof(received_) ? Answer(Unframe(received_, size)) : Bytes{};
}

Bytes Link::Answer(size_t packet_size) {
  if (packet_size < sizeof(request_) || packet_size > protocol::kMaxPacketBytes) return {};
  std::memcpy(&request_, received_, sizeof(request_));
  if ((request_.type & protocol::kReplyBit) != 0) return {};  // our own words, echoed by the line

  const size_t size = packet_size - sizeof(request_);
  const size_t reply_size = Dispatch(static_cast<PacketType>(request_.type), size);
  const protocol::Header header{static_cast<uint8_t>(reply_type_), request_.sequence};
  std::memcpy(reply_, &header, sizeof(header));
  return {line_, Frame(reply_, sizeof(header) + reply_size, line_)};
}

size_t Link::Dispatch(PacketType type, size_t size) {
  switch (type) {
    case PacketType::kHello:
      return Greet();
    case PacketType::kReset:
      return Reset(size);
    case PacketType::kProcess:
      return Process(size);
    case PacketType::kReadStatus:
      return size == 0 ? TellStatus() : Refuse(ErrorCode::kWrongSize);
    case PacketType::kReadSettings:
      return ReadSettings(size);
    case PacketType::kWriteSettings:
      return WriteSettings(size);
    case PacketType::kRecallPreset:
      return RecallPreset(size);
    case PacketType::kStorePreset:
      return StorePreset(size);
    case PacketType::kMidi:
      return TakeMidi(size);
    case PacketType::kPanel:
      return TurnPanel(size);
    case PacketType::kPowerUp:
      return PowerUp(size);
    case PacketType::kPlay:
      return Play(size);
    case PacketType::kGoLive:
      return GoLive(size);
    case PacketType::kBeginModel:
      return BeginModel(size);
    case PacketType::kModelBytes:
      return TakeModelBytes(size);
    case PacketType::kTryModel:
      return TryModel(size);
    case PacketType::kKeepModel:
      return KeepModel(size);
    case PacketType::kEnterBootloader:
      return Leave(size);
    default:
      return Refuse(ErrorCode::kUnknownPacket);
  }
}

// Any payload is accepted: HELLO is how strangers of other versions ask, too.
size_t Link::Greet() {
  protocol::Greeting greeting{};
  greeting.protocol_version = protocol::kVersion;
  CopyText(identity_.firmware_version, greeting.firmware_version);
  CopyText(identity_.board, greeting.board);
  size_t size = Reply(PacketType::kGreeting, &greeting, sizeof(greeting));
  for (int code = 0; code < kSchemeCount; ++code) {
    if (!decoder::Has(static_cast<Scheme>(code))) continue;
    const ModelInfo& model = loader::Next(static_cast<Scheme>(code));
    const protocol::SchemeInfo info{static_cast<uint8_t>(code), model.model_id,
                                    model.sample_rate_hz, model.block_size, model.latency_samples};
    size = Reply(PacketType::kGreeting, &info, sizeof(info), size);
  }
  return size;
}

size_t Link::Reset(size_t size) {
  protocol::Reset reset;
  if (!ReadPayload(size, &reset)) return Refuse(ErrorCode::kWrongSize);
  if (reset.scheme >= kSchemeCount || !decoder::Has(static_cast<Scheme>(reset.scheme))) {
    return Refuse(ErrorCode::kUnknownScheme);
  }
  live_->TakeDecoder();
  scheme_ = static_cast<Scheme>(reset.scheme);
  loader::TakeNext(scheme_);
  decoder::Reset(scheme_);
  session_ = Session::kDecoder;
  last_sequence_ = request_.sequence;

  const protocol::Ready ready{reset.scheme, decoder::Info(scheme_).model_id};
  return Reply(PacketType::kReady, &ready, sizeof(ready));
}

ErrorCode Link::CheckBlock(Session session, size_t size, size_t wanted_size) const {
  if (session_ != session || !live_->bench()) return ErrorCode::kNotReset;
  if (size != wanted_size) return ErrorCode::kWrongSize;
  // The state is what the stream made it: after a gap every sample would be wrong.
  const bool next = request_.sequence == static_cast<uint16_t>(last_sequence_ + 1);
  return next ? ErrorCode::kNone : ErrorCode::kWrongSequence;
}

size_t Link::Process(size_t size) {
  const ModelInfo& model = decoder::Info(scheme_);
  const size_t audio_bytes = model.block_size * sizeof(int16_t);
  int16_t z[protocol::kLatentSize];
  const ErrorCode error = CheckBlock(Session::kDecoder, size, sizeof(z) + audio_bytes);
  if (error != ErrorCode::kNone) return Refuse(error);
  std::memcpy(z, payload(), sizeof(z));
  std::memcpy(dry_, payload() + sizeof(z), audio_bytes);
  if (!WithinRange(model, z, protocol::kLatentSize) ||
      !WithinRange(model, dry_, model.block_size)) {
    return Refuse(ErrorCode::kOutOfRange);
  }
  live_->KeepBench();
  decoder::Process(scheme_, dry_, z, wet_);
  last_sequence_ = request_.sequence;
  return Reply(PacketType::kWet, wet_, audio_bytes);
}

size_t Link::Refuse(ErrorCode error) {
  const protocol::Error refusal{static_cast<uint8_t>(error)};
  return Reply(PacketType::kError, &refusal, sizeof(refusal));
}

size_t Link::Reply(PacketType type, const void* bytes, size_t count, size_t offset) {
  reply_type_ = type;
  std::memcpy(reply_payload() + offset, bytes, count);
  return offset + count;
}

}  // namespace gritspace
