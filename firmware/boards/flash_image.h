// SPDX-License-Identifier: MIT
// Flash memory for boards that have none: bytes in RAM that behave as core/storage.h says. Depends
// on that header; what keeps the bytes between two runs is the board's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/storage.h"

namespace gritspace {

class FlashImage {
 public:
  static constexpr size_t kBytes = storage::kSectors * storage::kSectorBytes;

  FlashImage() { std::memset(sectors_, kErased, kBytes); }

  uint8_t* bytes() { return sectors_[0]; }

  bool Read(int sector, size_t offset, void* bytes, size_t count) const {
    std::memcpy(bytes, sectors_[sector] + offset, count);
    return true;
  }

  bool Erase(int sector) {
    std::memset(sectors_[sector], kErased, storage::kSectorBytes);
    return true;
  }

  // As in NOR flash, a bit goes from 1 to 0 and never back.
  bool Program(int sector, size_t offset, const void* bytes, size_t count) {
    const auto* from = static_cast<const uint8_t*>(bytes);
    for (size_t i = 0; i < count; ++i) sectors_[sector][offset + i] &= from[i];
    return true;
  }

 private:
  static constexpr uint8_t kErased = 0xFF;
  uint8_t sectors_[storage::kSectors][storage::kSectorBytes];
};

}  // namespace gritspace
