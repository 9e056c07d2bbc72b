// SPDX-License-Identifier: MIT
// Two erasable sectors that keep their bytes without power; each board implements this header. Main
// loop only. An erased byte is 0xFF; a programmed one stays as it is until its sector is erased.
#pragma once

#include <cstddef>
#include <cstdint>

namespace gritspace::storage {

inline constexpr int kSlots = 2;
inline constexpr size_t kSlotBytes = 4096;  // the least a NOR flash erases

// False when the hardware refuses; offset + count <= kSlotBytes.
bool Read(int slot, size_t offset, void* bytes, size_t count);
bool Erase(int slot);
bool Program(int slot, size_t offset, const void* bytes, size_t count);

}  // namespace gritspace::storage
