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

bool IsWhole(Scheme scheme, int slot, const ModelRecord& record) {
  const int first = FirstSector(scheme, slot);
  uint8_t piece[kPieceBytes];
  uint32_t crc = 0;
  for (int sector = 0; sector < Sectors(record.size); ++sector) {
    const Part part = PartIn(sector, record.size);
    for (size_t at = 0; at < part.count; at += kPieceBytes) {
      const size_t count = std::min(kPieceBytes, part.count - at);
      if (!storage::Read(first + sector, part.offset + at, piece, count)) return false;
      crc = Crc32(piece, count, crc);
    }
  }
  return crc == record.crc;
}

// The slot that keeps its model while the other is written, and that model's record: the newest,
// but for one that is damaged while the one before is not.
int KeptSlot(Scheme scheme, ModelRecord* record) {
  const int newest = NewestSlot(scheme, record);
  const int other = kSlots - 1 - newest;
  ModelRecord before;
  if (newest < 0 || !ReadRecord(scheme, other, &before)) return newest;
  if (IsWhole(scheme, newest, *record) || !IsWhole(scheme, other, before)) return newest;
  *record = before;
  return other;
}

// A flash that says nothing may hold a model.
bool IsReadable(Scheme scheme) {
  uint8_t byte = 0;
  return storage::Read(FirstSector(scheme, 0), 0, &byte, 1) &&
         storage::Read(FirstSector(scheme, 1), 0, &byte, 1);
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
  ModelRecord kept;
  const int kept_slot = KeptSlot(scheme, &kept);
  const int slot = kept_slot < 0 ? 0 : kSlots - 1 - kept_slot;
  const int first = FirstSector(scheme, slot);
  // The record of what was here must be gone before the first of its bytes is.
  if (sector == Sectors(given.size) - 1 && sector != 0 && !storage::Erase(first)) return false;
  const Part part = PartIn(sector, given.size);
  if (!storage::Erase(first + sector)) return false;
  if (!Write(first + sector, part.offset, model + part.from, part.count)) return false;
  if (sector != 0) return true;

  ModelRecord record = given;
  record.magic = kMagic;
  record.sequence = kept_slot < 0 ? 1 : kept.sequence + 1;
  // The CRC goes last and by itself: a flash may program the bytes of one call in any order.
  const uint32_t crc = CrcOf(record);
  return Write(first, 0, &record, sizeof(record)) &&
         Write(first, sizeof(record), &crc, sizeof(crc));
}

}  // namespace gritspace::model_store
