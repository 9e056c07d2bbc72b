// SPDX-License-Identifier: MIT
// core/settings_store.h for Python's ctypes, over a NOR flash in RAM that can be out of order or
// lose its power in the middle of a byte or of an erasure. No other code of the firmware.
#include <cstring>
#include <random>

#include "core/settings.h"
#include "core/settings_store.h"
#include "core/storage.h"

namespace {

constexpr int64_t kEraseSteps = 16;  // moments at which an erasure can be cut short

struct Flash {
  uint8_t cells[gritspace::storage::kSectors][gritspace::storage::kSectorBytes];
  int64_t steps_left;  // until the power is cut: bytes programmed, parts of an erasure
  bool tears_bytes;    // the byte that the cut comes upon has some of its bits
  bool refuses_erase, refuses_program, refuses_read;
  bool was_misused;  // programmed where it was not erased, or outside a sector
  std::minstd_rand chance;
};

Flash flash;
gritspace::SettingsStore store;

bool HasPower() { return flash.steps_left > 0; }

bool Fits(int sector, size_t offset, size_t count) {
  const bool fits = sector >= 0 && sector < gritspace::storage::kSectors &&
                    offset + count <= gritspace::storage::kSectorBytes;
  if (!fits) flash.was_misused = true;
  return fits;
}

uint8_t RandomByte() { return static_cast<uint8_t>(flash.chance() >> 8); }

}  // namespace

namespace gritspace::storage {

bool Read(int sector, size_t offset, void* bytes, size_t count) {
  if (!HasPower() || flash.refuses_read || !Fits(sector, offset, count)) return false;
  std::memcpy(bytes, flash.cells[sector] + offset, count);
  return true;
}

// Cut short, it leaves bytes as they were and bytes of anything.
bool Erase(int sector) {
  if (!HasPower() || flash.refuses_erase) return false;
  const bool whole = flash.steps_left > kEraseSteps;
  flash.steps_left -= whole ? kEraseSteps : flash.steps_left;
  for (uint8_t& cell : flash.cells[sector]) {
    if (whole) {
      cell = 0xFF;
    } else if (RandomByte() < 128) {
      cell = RandomByte();
    }
  }
  return whole;
}

// Only clears bits.
bool Program(int sector, size_t offset, const void* bytes, size_t count) {
  if (!HasPower() || flash.refuses_program || !Fits(sector, offset, count)) return false;
  for (size_t i = 0; i < count; ++i) {
    uint8_t& cell = flash.cells[sector][offset + i];
    const uint8_t byte = static_cast<const uint8_t*>(bytes)[i];
    if (cell != 0xFF) flash.was_misused = true;
    --flash.steps_left;
    const bool is_torn = !HasPower() && flash.tears_bytes;
    cell &= is_torn ? static_cast<uint8_t>(byte | RandomByte()) : byte;
    if (!HasPower()) return false;
  }
  return true;
}

}  // namespace gritspace::storage

extern "C" {

uint8_t* cells() { return flash.cells[0]; }

void set_power(int64_t steps, bool tears_bytes, uint32_t seed) {
  flash.steps_left = steps;
  flash.tears_bytes = tears_bytes;
  flash.chance.seed(seed);
}

int64_t steps_left() { return flash.steps_left; }

void refuse(bool erase, bool program, bool read) {
  flash.refuses_erase = erase;
  flash.refuses_program = program;
  flash.refuses_read = read;
}

bool was_misused() { return flash.was_misused; }

int start(gritspace::protocol::Settings* settings) {
  store = {};
  return static_cast<int>(store.Load(settings));
}

bool save(const gritspace::protocol::Settings* settings) { return store.Save(*settings); }

void factory(gritspace::protocol::Settings* settings) { *settings = gritspace::FactorySettings(); }

bool is_sound(const gritspace::protocol::Settings* settings) {
  return gritspace::IsSound(*settings);
}

}  // extern "C"
