// SPDX-License-Identifier: MIT
// core/storage.h in the last sectors of the computer's QSPI flash (IS25LP064A, 8 MB), far behind
// what Daisy's bootloader keeps there. Counted from the end: an image that keeps models, too, finds
// the settings where another left them.
#include <cstdint>
#include <cstring>

#include "boards/board.h"
#include "boards/daisy_seed/computer.h"
#include "core/storage.h"

namespace gritspace::storage {
namespace {

constexpr uint32_t kFlashBytes = 8U << 20;

uint32_t AddressOf(int sector, size_t offset) {
  const size_t from_end = (static_cast<size_t>(sector) + 1) * kSectorBytes;
  return static_cast<uint32_t>(kFlashBytes - from_end + offset);
}

bool Done(daisy::QSPIHandle::Result result) { return result == daisy::QSPIHandle::Result::OK; }

// The flash is mapped into memory, and what the cache holds of it is older than what was written.
void ForgetCached(int sector) {
  SCB_InvalidateDCache_by_Addr(computer.qspi.GetData(AddressOf(sector, 0)), kSectorBytes);
}

}  // namespace

bool Read(int sector, size_t offset, void* bytes, size_t count) {
  std::memcpy(bytes, computer.qspi.GetData(AddressOf(sector, offset)), count);
  return true;
}

// By sector: libDaisy's Erase of a range leaves the flash unmapped after a whole 64 kB.
bool Erase(int sector) {
  board::FeedWatchdog();  // a sector may take 0.4 s
  const bool erased = Done(computer.qspi.EraseSector(AddressOf(sector, 0)));
  ForgetCached(sector);
  return erased;
}

// libDaisy's Write tells nobody of a page that failed: whoever saves reads back.
bool Program(int sector, size_t offset, const void* bytes, size_t count) {
  auto* const page = static_cast<uint8_t*>(const_cast<void*>(bytes));  // which it only reads
  const bool written =
      Done(computer.qspi.Write(AddressOf(sector, offset), static_cast<uint32_t>(count), page));
  ForgetCached(sector);
  return written;
}

}  // namespace gritspace::storage
