// SPDX-License-Identifier: MIT
// The device's side of the serial link: bytes in, packets understood, the decoder or the whole
// module run, replies out. Trusts no byte from the line, has no heap, and knows no board: it is
// handed bytes one by one. Main loop only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/decoder.h"
#include "core/framing.h"
#include "core/live.h"
#include "core/upload.h"
#include "generated/protocol.h"

namespace gritspace {

// Who a device says it is: ASCII, at most protocol::kTextSize characters of each are told.
struct Identity {
  const char* firmware_version;
  const char* board;
  bool has_bootloader;
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
  Link(const Identity& identity, Live* live, Upload* upload)
      : identity_(identity), live_(live), upload_(upload) {}

  // Takes the next byte from the line. Returns what to send: a whole reply when the byte ended a
  // request, else nothing. The bytes are good until the next call.
  //
  // A packet that is damaged or too long is dropped without a word (its sender will time out), and
  // the next one is read as if nothing had happened.
  Bytes Receive(uint8_t byte);

  // Whether the board is to start its bootloader, once the reply is sent.
  bool leaving() const { return leaving_; }

 private:
  // What the bench plays: blocks of the one or of the other follow each other by sequence.
  enum class Session : uint8_t { kNone, kDecoder, kModule };

  Bytes Answer(size_t packet_size);
  size_t Dispatch(protocol::PacketType type, size_t size);

  // Each handles the payload of one request, writes the reply's payload, and returns its size.
  size_t Greet();
  size_t Reset(size_t size);
  size_t Process(size_t size);
  size_t PowerUp(size_t size);
  size_t Play(size_t size);
  size_t GoLive(size_t size);
  size_t Leave(size_t size);
  size_t ReadSettings(size_t size);
  size_t WriteSettings(size_t size);
  size_t RecallPreset(size_t size);
  size_t StorePreset(size_t size);
  size_t BeginModel(size_t size);
  size_t TakeModelBytes(size_t size);
  size_t TryModel(size_t size);
  size_t KeepModel(size_t size);
  size_t TellModel(protocol::ErrorCode error);
  size_t TakeMidi(size_t size);
  size_t TurnPanel(size_t size);
  size_t TellStatus();
  size_t TellSettings(const protocol::Settings& settings);
  size_t TellPlayed(const PanelOutput& lights);
  size_t Refuse(protocol::ErrorCode error);

  // kNone when this packet is the session's next block.
  protocol::ErrorCode CheckBlock(Session session, size_t size, size_t wanted_size) const;

  // The payload as a T; false when its size is another.
  template <class T>
  bool ReadPayload(size_t size, T* value) const;
  // A reply's payload from `offset` on; returns where it ends.
  size_t Reply(protocol::PacketType type, const void* bytes, size_t count, size_t offset = 0);

  const uint8_t* payload() const { return received_ + sizeof(protocol::Header); }
  uint8_t* reply_payload() { return reply_ + sizeof(protocol::Header); }

  Identity identity_;
  Live* live_;
  Upload* upload_;
  protocol::Header request_{};
  protocol::PacketType reply_type_{};

  Session session_ = Session::kNone;
  Scheme scheme_{};  // of the decoder's session
  bool leaving_ = false;
  uint16_t last_sequence_ = 0;  // of the last request of the session that was carried out

  size_t received_size_ = 0;  // one more than fits: the packet is too long
  uint8_t received_[FramedSize(protocol::kMaxPacketBytes)];
  uint8_t reply_[protocol::kMaxPacketBytes + protocol::kCrcBytes];
  uint8_t line_[FramedSize(protocol::kMaxPacketBytes)];
  int16_t dry_[protocol::kMaxBlockSize];
  int16_t wet_[protocol::kMaxBlockSize];
  float audio_[protocol::kMaxBlockSize];
};

template <class T>
bool Link::ReadPayload(size_t size, T* value) const {
  if (size != sizeof(T)) return false;
  std::memcpy(value, payload(), sizeof(T));
  return true;
}

}  // namespace gritspace
