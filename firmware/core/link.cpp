// SPDX-License-Identifier: MIT
// The requests of generated/protocol.h, each validated here: the decoder runs blind.
#include "core/link.h"

#include <cstring>

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
  size_t reply_size = 0;
  switch (static_cast<PacketType>(request_.type)) {
    case PacketType::kHello:
      reply_size = Greet();
      break;
    case PacketType::kReset:
      reply_size = Reset(size);
      break;
    case PacketType::kProcess:
      reply_size = Process(size);
      break;
    default:
      reply_size = Refuse(ErrorCode::kUnknownPacket);
  }
  const protocol::Header header{static_cast<uint8_t>(reply_type_), request_.sequence};
  std::memcpy(reply_, &header, sizeof(header));
  return {line_, Frame(reply_, sizeof(header) + reply_size, line_)};
}

// Any payload is accepted: HELLO is how strangers of other versions ask, too.
size_t Link::Greet() {
  protocol::Greeting greeting{};
  greeting.protocol_version = protocol::kVersion;
  CopyText(identity_.firmware_version, greeting.firmware_version);
  CopyText(identity_.board, greeting.board);
  std::memcpy(reply_payload(), &greeting, sizeof(greeting));
  size_t size = sizeof(greeting);
  for (int code = 0; code < kSchemeCount; ++code) {
    const ModelInfo& model = decoder::Info(static_cast<Scheme>(code));
    const protocol::SchemeInfo info{static_cast<uint8_t>(code), model.model_id,
                                    model.sample_rate_hz, model.block_size, model.latency_samples};
    std::memcpy(reply_payload() + size, &info, sizeof(info));
    size += sizeof(info);
  }
  reply_type_ = PacketType::kGreeting;
  return size;
}

size_t Link::Reset(size_t size) {
  protocol::Reset reset;
  if (size != sizeof(reset)) return Refuse(ErrorCode::kWrongSize);
  std::memcpy(&reset, payload(), sizeof(reset));
  if (reset.scheme >= kSchemeCount) return Refuse(ErrorCode::kUnknownScheme);
  scheme_ = static_cast<Scheme>(reset.scheme);
  decoder::Reset(scheme_);
  ready_ = true;
  last_sequence_ = request_.sequence;

  const protocol::Ready ready{reset.scheme, decoder::Info(scheme_).model_id};
  std::memcpy(reply_payload(), &ready, sizeof(ready));
  reply_type_ = PacketType::kReady;
  return sizeof(ready);
}

size_t Link::Process(size_t size) {
  if (!ready_) return Refuse(ErrorCode::kNotReset);
  const ModelInfo& model = decoder::Info(scheme_);
  const size_t audio_bytes = model.block_size * sizeof(int16_t);
  int16_t z[protocol::kLatentSize];
  if (size != sizeof(z) + audio_bytes) return Refuse(ErrorCode::kWrongSize);
  // The decoder's state is what the stream made it: after a gap every sample would be wrong.
  if (request_.sequence != static_cast<uint16_t>(last_sequence_ + 1)) {
    return Refuse(ErrorCode::kWrongSequence);
  }
  std::memcpy(z, payload(), sizeof(z));
  std::memcpy(dry_, payload() + sizeof(z), audio_bytes);
  if (!WithinRange(model, z, protocol::kLatentSize) ||
      !WithinRange(model, dry_, model.block_size)) {
    return Refuse(ErrorCode::kOutOfRange);
  }
  decoder::Process(scheme_, dry_, z, wet_);
  last_sequence_ = request_.sequence;
  std::memcpy(reply_payload(), wet_, audio_bytes);
  reply_type_ = PacketType::kWet;
  return audio_bytes;
}

size_t Link::Refuse(ErrorCode error) {
  const protocol::Error refusal{static_cast<uint8_t>(error)};
  std::memcpy(reply_payload(), &refusal, sizeof(refusal));
  reply_type_ = PacketType::kError;
  return sizeof(refusal);
}

}  // namespace gritspace
