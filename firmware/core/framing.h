// SPDX-License-Identifier: MIT
// Packets on the line: COBS keeps zero out of a packet so that zero can end it, CRC-32 tells
// whether it arrived intact. The twin of host_tools/framing.py; knows nothing of what packets mean.
#pragma once

#include <cstddef>
#include <cstdint>

#include "generated/protocol.h"

namespace gritspace {

inline constexpr uint8_t kDelimiter = 0;  // after every packet on the line

// Most bytes that `size` bytes need when stuffed: one more for each 254 begun, and one.
constexpr size_t CobsEncodedSize(size_t size) { return size + size / 254 + 1; }

// Most bytes that a packet needs on the line, delimiter included.
constexpr size_t FramedSize(size_t packet_size) {
  return CobsEncodedSize(packet_size + protocol::kCrcBytes) + 1;
}

// Consistent Overhead Byte Stuffing (Cheshire and Baker, IEEE/ACM Transactions on Networking 7(2),
// 1999). Returns the encoded size; `encoded` has room for CobsEncodedSize(size) and overlaps
// nothing.
size_t CobsEncode(const uint8_t* data, size_t size, uint8_t* encoded);

// Returns the decoded size, always below `size`, or 0 when `encoded` is malformed or empty.
// `data` may be `encoded`.
size_t CobsDecode(const uint8_t* encoded, size_t size, uint8_t* data);

// CRC-32 of Ethernet and zip (IEEE 802.3; polynomial 0x04C11DB7, reflected, inverted before and
// after). Finds every error of up to three bits in the longest packet here (Koopman, DSN 2002).
// `before`: the CRC of what comes before the data, when it comes in pieces.
uint32_t Crc32(const uint8_t* data, size_t size, uint32_t before = 0);

// A packet to bytes on the line. `packet` has room for the CRC after `size` bytes, `line` for
// FramedSize(size). Returns the bytes written.
size_t Frame(uint8_t* packet, size_t size, uint8_t* line);

// Bytes between two delimiters to a packet, in place. Returns its size, or 0 when it is damaged.
size_t Unframe(uint8_t* bytes, size_t size);

}  // namespace gritspace
