// SPDX-License-Identifier: MIT
// core/storage.h in RAM, written through to a file. See flash_file.h.
#include "boards/qemu_m7/flash_file.h"

#include <cstdint>

#include "boards/flash_image.h"
#include "boards/qemu_m7/semihosting.h"
#include "core/storage.h"

namespace gritspace {
namespace {

FlashImage flash;
int32_t file = -1;

bool WriteThrough(int sector, size_t offset, size_t count) {
  if (file < 0) return true;
  const size_t position = static_cast<size_t>(sector) * storage::kSectorBytes + offset;
  return semihosting::Seek(file, position) &&
         semihosting::Write(file, flash.bytes() + position, count) == count;
}

}  // namespace

bool KeepStorageIn(const char* file_name) {
  if (file_name == nullptr) return false;
  file = semihosting::Open(file_name, semihosting::Mode::kUpdate);
  return file >= 0 &&
         semihosting::Read(file, flash.bytes(), FlashImage::kBytes) == FlashImage::kBytes;
}

namespace storage {

bool Read(int sector, size_t offset, void* bytes, size_t count) {
  return flash.Read(sector, offset, bytes, count);
}

bool Erase(int sector) { return flash.Erase(sector) && WriteThrough(sector, 0, kSectorBytes); }

bool Program(int sector, size_t offset, const void* bytes, size_t count) {
  return flash.Program(sector, offset, bytes, count) && WriteThrough(sector, offset, count);
}

}  // namespace storage
}  // namespace gritspace
