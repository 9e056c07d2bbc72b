// SPDX-License-Identifier: MIT
// core/storage.h in the last two sectors of the Seed's QSPI flash (IS25LP064A, 8 MB), far behind
// what Daisy's bootloader keeps there.
#include <cstdint>
#include <cstring>

#include "boards/board.h"
#include "boards/daisy_seed/seed.h"
#include "core/storage.h"

namespace gritspace::storage {
namespace {

constexpr uint32_t kFlashBytes = 8U << 20;
constexpr uint32_t kStart = kFlashBytes - kSlots * kSlotBytes;

uint32_t AddressOf(int slot, size_t offset) {
  return kStart + static_cast<uint32_t>(slot * kSlotBytes + offset);
}

bool Done(daisy::QSPIHandle::Result result) { return result == daisy::QSPIHandle::Result::OK; }

// The flash is mapped into memory, and what the cache holds of it is older than what was written.
void ForgetCached(int slot) {
  SCB_InvalidateDCache_by_Addr(seed.qspi.GetData(AddressOf(slot, 0)), kSlotBytes);
}

}  // namespace

bool Read(int slot, size_t offset, void* bytes, size_t count) {
  std::memcpy(bytes, seed.qspi.GetData(AddressOf(slot, offset)), count);
  return true;
}

// By sector: libDaisy's Erase of a range leaves the flash unmapped after a whole 64 kB.
bool Erase(int slot) {
  board::FeedWatchdog();  // a sector may take 0.4 s
  const bool erased = Done(seed.qspi.EraseSector(AddressOf(slot, 0)));
  ForgetCached(slot);
  return erased;
}

// libDaisy's Write tells nobody of a page that failed: whoever saves reads back.
bool Program(int slot, size_t offset, const void* bytes, size_t count) {
  auto* const page = static_cast<uint8_t*>(const_cast<void*>(bytes));  // which it only reads
  const bool written =
      Done(seed.qspi.Write(AddressOf(slot, offset), static_cast<uint32_t>(count), page));
  ForgetCached(slot);
  return written;
}

}  // namespace gritspace::storage
