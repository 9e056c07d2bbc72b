// SPDX-License-Identifier: MIT
// COBS and CRC-32. Reads and writes only the buffers it is given; trusts no byte from the line.
#include "core/framing.h"

#include <array>

namespace gritspace {
namespace {

constexpr size_t kLongestRun = 254;  // bytes other than zero that one code byte can announce

// The CRC's remainders of half a byte: 16 entries are a good trade on a microcontroller.
constexpr std::array<uint32_t, 16> kCrcOfNibble = [] {
  std::array<uint32_t, 16> table{};
  for (uint32_t nibble = 0; nibble < table.size(); ++nibble) {
    uint32_t crc = nibble;
    for (int bit = 0; bit < 4; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0xEDB88320U : 0U);
    table[nibble] = crc;
  }
  return table;
}();

}  // namespace

size_t CobsEncode(const uint8_t* data, size_t size, uint8_t* encoded) {
  size_t code_at = 0;
  size_t written = 1;
  for (size_t i = 0; i < size; ++i) {
    if (data[i] != 0) encoded[written++] = data[i];
    const size_t run = written - code_at - 1;
    if (data[i] == 0 || (run == kLongestRun && i + 1 < size)) {
      encoded[code_at] = static_cast<uint8_t>(run + 1);
      code_at = written++;
    }
  }
  encoded[code_at] = static_cast<uint8_t>(written - code_at);
  return written;
}

size_t CobsDecode(const uint8_t* encoded, size_t size, uint8_t* data) {
  size_t written = 0;
  for (size_t i = 0; i < size;) {
    const size_t code = encoded[i++];
    if (code == 0 || code - 1 > size - i) return 0;
    for (const size_t end = i + code - 1; i < end; ++i) {
      if (encoded[i] == 0) return 0;
      data[written++] = encoded[i];
    }
    if (code <= kLongestRun && i < size) data[written++] = 0;
  }
  return written;
}

uint32_t Crc32(const uint8_t* data, size_t size, uint32_t before) {
  uint32_t crc = ~before;
  for (size_t i = 0; i < size; ++i) {
    crc ^= data[i];
    crc = (crc >> 4) ^ kCrcOfNibble[crc & 15];
    crc = (crc >> 4) ^ kCrcOfNibble[crc & 15];
  }
  return ~crc;
}

size_t Frame(uint8_t* packet, size_t size, uint8_t* line) {
  const uint32_t crc = Crc32(packet, size);
  for (int i = 0; i < protocol::kCrcBytes; ++i) {
    packet[size + i] = static_cast<uint8_t>(crc >> (8 * i));
  }
  const size_t written = CobsEncode(packet, size + protocol::kCrcBytes, line);
  line[written] = kDelimiter;
  return written + 1;
}

size_t Unframe(uint8_t* bytes, size_t size) {
  const size_t decoded = CobsDecode(bytes, size, bytes);
  if (decoded < protocol::kCrcBytes) return 0;
  const size_t packet_size = decoded - protocol::kCrcBytes;
  uint32_t crc = 0;
  for (int i = 0; i < protocol::kCrcBytes; ++i) {
    crc |= static_cast<uint32_t>(bytes[packet_size + i]) << (8 * i);
  }
  return crc == Crc32(bytes, packet_size) ? packet_size : 0;
}

}  // namespace gritspace
