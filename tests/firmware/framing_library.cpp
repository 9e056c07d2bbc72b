// SPDX-License-Identifier: MIT
// core/framing.h for Python's ctypes: names without C++ in them, nothing else.
#include "core/framing.h"

extern "C" {

size_t cobs_encoded_size(size_t size) { return gritspace::CobsEncodedSize(size); }

size_t cobs_encode(const uint8_t* data, size_t size, uint8_t* encoded) {
  return gritspace::CobsEncode(data, size, encoded);
}

size_t cobs_decode(const uint8_t* encoded, size_t size, uint8_t* data) {
  return gritspace::CobsDecode(encoded, size, data);
}

uint32_t crc32(const uint8_t* data, size_t size) { return gritspace::Crc32(data, size); }

size_t frame(uint8_t* packet, size_t size, uint8_t* line) {
  return gritspace::Frame(packet, size, line);
}

size_t unframe(uint8_t* bytes, size_t size) { return gritspace::Unframe(bytes, size); }

}  // extern "C"
