// SPDX-License-Identifier: MIT
// Records in two slots of flash. See settings_store.h.
#include "core/settings_store.h"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "core/framing.h"
#include "core/settings.h"
#include "core/storage.h"

namespace gritspace {
namespace {

using Found = SettingsStore::Found;
using protocol::Settings;

constexpr uint32_t kMagic = 0x54535247;  // "GRST"
constexpr int kSlots = storage::kSettingsSectors;

struct __attribute__((packed)) RecordHeader {
  uint32_t magic;
  uint16_t payload_size;
  uint32_t sequence;
};

struct __attribute__((packed)) Record {
  RecordHeader header;
  Settings settings;
  uint32_t crc;
};
static_assert(sizeof(Record) == 91 && sizeof(Record) <= storage::kSectorBytes);

constexpr size_t kMostPayloadBytes =
    storage::kSectorBytes - sizeof(RecordHeader) - sizeof(uint32_t);

// The stack is small, a record of other firmware may be long.
constexpr size_t kPieceBytes = 64;

bool IsBlank(int slot) {
  uint8_t piece[kPieceBytes];
  static_assert(storage::kSectorBytes % kPieceBytes == 0);
  for (size_t at = 0; at < storage::kSectorBytes; at += kPieceBytes) {
    if (!storage::Read(slot, at, piece, kPieceBytes)) return false;
    if (!std::all_of(piece, piece + kPieceBytes, [](uint8_t byte) { return byte == 0xFF; })) {
      return false;
    }
  }
  return true;
}

// Whether the CRC behind the first `size` bytes of the slot is theirs.
bool IsWhole(int slot, size_t size) {
  uint8_t piece[kPieceBytes];
  uint32_t crc = 0;
  for (size_t at = 0; at < size; at += kPieceBytes) {
    const size_t count = std::min(kPieceBytes, size - at);
    if (!storage::Read(slot, at, piece, count)) return false;
    crc = Crc32(piece, count, crc);
  }
  uint32_t stored = 0;
  return storage::Read(slot, size, &stored, sizeof(stored)) && stored == crc;
}

// Fills in the two only when it finds a record.
Found ReadRecord(int slot, uint32_t* sequence, Settings* settings) {
  RecordHeader header{};
  if (!storage::Read(slot, 0, &header, sizeof(header))) return Found::kDamaged;
  if (header.magic != kMagic) return IsBlank(slot) ? Found::kNothing : Found::kDamaged;
  if (header.payload_size > kMostPayloadBytes ||
      !IsWhole(slot, sizeof(header) + header.payload_size)) {
    return Found::kDamaged;
  }
  Settings found = FactorySettings();
  const size_t known = std::min<size_t>(header.payload_size, sizeof(found));
  if (!storage::Read(slot, sizeof(header), &found, known) || !IsSound(found)) {
    return Found::kDamaged;
  }
  *sequence = header.sequence;
  *settings = found;
  return Found::kRecord;
}

// The CRC goes last and by itself: a flash may program the bytes of one call in any order.
bool WriteRecord(int slot, const Record& record) {
  Record written{};
  return storage::Erase(slot) && storage::Program(slot, 0, &record, offsetof(Record, crc)) &&
         storage::Program(slot, offsetof(Record, crc), &record.crc, sizeof(record.crc)) &&
         storage::Read(slot, 0, &written, sizeof(written)) &&
         std::memcmp(&written, &record, sizeof(record)) == 0;
}

}  // namespace

Found SettingsStore::Load(Settings* settings) {
  *settings = FactorySettings();
  Found best = Found::kNothing;
  for (int slot = 0; slot < kSlots; ++slot) {
    uint32_t sequence = 0;
    Settings found{};
    const Found here = ReadRecord(slot, &sequence, &found);
    const bool is_newest =
        here == Found::kRecord && (best != Found::kRecord || storage::IsNewer(sequence, sequence_));
    if (is_newest) {
      *settings = found;
      newest_slot_ = slot;
      sequence_ = sequence;
    }
    if (is_newest || (here == Found::kDamaged && best == Found::kNothing)) best = here;
  }
  return best;
}

bool SettingsStore::Save(const Settings& settings) {
  if (!IsSound(settings)) return false;
  Settings stored;
  if (Load(&stored) == Found::kRecord && std::memcmp(&stored, &settings, sizeof(stored)) == 0) {
    return true;
  }
  const int slot = kSlots - 1 - newest_slot_;
  Record record{{kMagic, sizeof(Settings), sequence_ + 1}, settings, 0};
  record.crc = Crc32(reinterpret_cast<const uint8_t*>(&record), offsetof(Record, crc));
  if (!WriteRecord(slot, record)) return false;
  newest_slot_ = slot;
  sequence_ = record.header.sequence;
  return true;
}

}  // namespace gritspace
