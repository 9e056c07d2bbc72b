// SPDX-License-Identifier: MIT
// Records of models. See model_store.h.
#include "core/model_store.h"

#include <algorithm>
#include <cstring>

#include "core/framing.h"
#include "core/storage.h"
#include "generated/protocol.h"

namespace gritspace::model_store {
namespace {

constexpr uint32_t kMagic = 0x444D5247;  // "GRMD"
constexpr int kSlots = 2;                // of a scheme
constexpr size_t kHeadBytes = sizeof(ModelRecord) + sizeof(uint32_t);
static_assert(kHeadBytes + protocol::kMaxModelBytes ==
              storage::kModelSectors * storage::kSectorBytes);
static_assert(storage::kModelSlots == kSlots * kSchemeCount);

constexpr size_t kPieceBytes = 64;  // the stack is small

int FirstSector(Scheme scheme, int slot) {
  return storage::kSettingsSectors +
         (kSlots * static_cast<int>(scheme) + slot) * storage::kModelSectors;
}

uint32_t CrcOf(const ModelRecord& record) {
  return Crc32(reinterpret_cast<const uint8_t*>(&record), sizeof(record));
}

bool ReadRecord(Scheme scheme, int slot, ModelRecord* record) {
  const int sector = FirstSector(scheme, slot);
  uint32_t crc = 0;
  return storage::Read(sector, 0, record, sizeof(*record)) &&
         storage::Read(sector, sizeof(*record), &crc, sizeof(crc)) && crc == CrcOf(*record) &&
         record->magic == kMagic && record->size <= protocol::kMaxModelBytes;
}

// The slot with the newest record, and that; -1 when neither has one.
int NewestSlot(Scheme scheme, ModelRecord* record) {
  int newest = -1;
  for (int slot = 0; slot < kSlots; ++slot) {
    ModelRecord found;
    if (!ReadRecord(scheme, slot, &found)) continue;
    if (newest >= 0 && !storage::IsNewer(found.sequence, record->sequence)) continue;
    newest = slot;
    *record = found;
  }
  return newest;
}

// A flash that says nothing may hold a model.
bool IsReadable(Scheme scheme) {
  uint8_t byte = 0;
  return storage::Read(FirstSector(scheme, 0), 0, &byte, 1) &&
         storage::Read(FirstSector(scheme, 1), 0, &byte, 1);
}

// Which of the model's bytes lie in a sector, and where there.
struct Part {
  size_t from, count, offset;
};

Part PartIn(int sector, size_t size) {
  const size_t offset = sector == 0 ? kHeadBytes : 0;
  const size_t begin = static_cast<size_t>(sector) * storage::kSectorBytes;
  const size_t from = sector == 0 ? 0 : begin - kHeadBytes;
  return {from, std::min(size - from, storage::kSectorBytes - offset), offset};
}

bool IsWritten(int sector, size_t offset, const uint8_t* bytes, size_t count) {
  uint8_t piece[kPieceBytes];
  for (size_t at = 0; at < count; at += kPieceBytes) {
    const size_t part = std::min(kPieceBytes, count - at);
    if (!storage::Read(sector, offset + at, piece, part)) return false;
    if (std::memcmp(piece, bytes + at, part) != 0) return false;
  }
  return true;
}

bool Write(int sector, size_t offset, const void* bytes, size_t count) {
  return storage::Program(sector, offset, bytes, count) &&
         IsWritten(sector, offset, static_cast<const uint8_t*>(bytes), count);
}

}  // namespace

bool Find(Scheme scheme, bool newest, ModelRecord* record) {
  const int slot = NewestSlot(scheme, record);
  return slot >= 0 && (newest || ReadRecord(scheme, kSlots - 1 - slot, record));
}

bool Read(Scheme scheme, bool newest, const ModelRecord& record, uint8_t* model) {
  ModelRecord found;
  const int newest_slot = NewestSlot(scheme, &found);
  const int first = FirstSector(scheme, newest ? newest_slot : kSlots - 1 - newest_slot);
  for (int sector = 0; sector < Sectors(record.size); ++sector) {
    const Part part = PartIn(sector, record.size);
    if (!storage::Read(first + sector, part.offset, model + part.from, part.count)) return false;
  }
  return Crc32(model, record.size) == record.crc;
}

int Sectors(size_t size) {
  return static_cast<int>((kHeadBytes + size + storage::kSectorBytes - 1) / storage::kSectorBytes);
}

bool WriteSector(Scheme scheme, const ModelRecord& given, const uint8_t* model, int sector) {
  if (!IsReadable(scheme)) return false;
  ModelRecord newest;
  const int newest_slot = NewestSlot(scheme, &newest);
  const int slot = newest_slot < 0 ? 0 : kSlots - 1 - newest_slot;
  const int first = FirstSector(scheme, slot);
  // The record of what was here must be gone before the first of its bytes is.
  if (sector == Sectors(given.size) - 1 && sector != 0 && !storage::Erase(first)) return false;
  const Part part = PartIn(sector, given.size);
  if (!storage::Erase(first + sector)) return false;
  if (!Write(first + sector, part.offset, model + part.from, part.count)) return false;
  if (sector != 0) return true;

  ModelRecord record = given;
  record.magic = kMagic;
  record.sequence = newest_slot < 0 ? 1 : newest.sequence + 1;
  // The CRC goes last and by itself: a flash may program the bytes of one call in any order.
  const uint32_t crc = CrcOf(record);
  return Write(first, 0, &record, sizeof(record)) &&
         Write(first, sizeof(record), &crc, sizeof(crc));
}

}  // namespace gritspace::model_store
