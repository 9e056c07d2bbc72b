// SPDX-License-Identifier: MIT
// The device's side of the serial link: bytes in, packets understood, the decoder run, replies out.
// Trusts no byte from the line, has no heap, and knows no board: it is handed bytes one by one.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/decoder.h"
#include "core/framing.h"
#include "generated/protocol.h"

namespace gritspace {

// Who a device says it is: ASCII, at most protocol::kTextSize characters of each are told.
struct Identity {
  const char* firmware_version;
  const char* board;
};

// Bytes that belong to somebody else.
struct Bytes {
  const uint8_t* data;
  size_t size;
};

// Whether the decoder accepts these integers: audio and z have the same range.
bool WithinRange(const ModelInfo& model, const int16_t* values, size_t count);

class Link {
 public:
  explicit Link(const Identity& identity) : identity_(identity) {}

  // Takes the next byte from the line. Returns what to send: a whole reply when the byte ended a
  // request, else nothing. The bytes are good until the next call.
  //
  // A packet that is damaged or too long is dropped without a word (its sender will time out), and
  // the next one is read as if nothing had happened.
  Bytes Receive(uint8_t byte);

 private:
  // Each handles the payload of one request, writes the reply's payload, and returns its size.
  size_t Greet();
  size_t Reset(size_t size);
  size_t Process(size_t size);
  size_t Refuse(protocol::ErrorCode error);

  Bytes Answer(size_t packet_size);

  const uint8_t* payload() const { return received_ + sizeof(protocol::Header); }
  uint8_t* reply_payload() { return reply_ + sizeof(protocol::Header); }

  Identity identity_;
  protocol::Header request_{};
  protocol::PacketType reply_type_{};

  bool ready_ = false;  // after the first RESET
  Scheme scheme_{};
  uint16_t last_sequence_ = 0;  // of the last RESET or PROCESS that was carried out

  size_t received_size_ = 0;  // one more than fits: the packet is too long
  uint8_t received_[FramedSize(protocol::kMaxPacketBytes)];
  uint8_t reply_[protocol::kMaxPacketBytes + protocol::kCrcBytes];
  uint8_t line_[FramedSize(protocol::kMaxPacketBytes)];
  int16_t dry_[protocol::kMaxBlockSize];
  int16_t wet_[protocol::kMaxBlockSize];
};

}  // namespace gritspace
