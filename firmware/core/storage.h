// SPDX-License-Identifier: MIT
// Erasable sectors that keep their bytes without power; each board implements this header. Main
// loop only. An erased byte is 0xFF; a programmed one stays as it is until its sector is erased.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gritspace::storage {

inline constexpr size_t kSectorBytes = 4096;  // the least a NOR flash erases

// The settings' two come first, then those of models that came over the link.
inline constexpr int kSettingsSectors = 2;
inline constexpr int kModelSectors = 10;  // of one model
inline constexpr int kModelSlots = 4;     // two for each scheme
inline constexpr int kSectors = kSettingsSectors + kModelSlots * kModelSectors;

// False when the hardware refuses; offset + count <= kSectorBytes.
bool Read(int sector, size_t offset, void* bytes, size_t count);
bool Erase(int sector);
bool Program(int sector, size_t offset, const void* bytes, size_t count);

// Of records that are numbered as they are written, with numbers that wrap: the newer one is ahead
// by less than half of all numbers.
constexpr bool IsNewer(uint32_t sequence, uint32_t than) {
  return sequence != than && sequence - than < 0x80000000U;
}

}  // namespace gritspace::storage
