// SPDX-License-Identifier: MIT
// Models in the flash: for each scheme two slots, written in turn, so that a power cut at any
// moment leaves the old model or the new one. Depends on storage.h and framing.h's CRC. Main loop
// only.
//
// A slot is ModelRecord, its CRC, and right behind it the .tflite. The record comes last: without
// it the slot is empty.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/decoder.h"

namespace gritspace {

struct __attribute__((packed)) ModelRecord {
  uint32_t magic;
  uint32_t model_id;
  uint32_t size;  // bytes of the .tflite
  uint32_t crc;   // CRC-32 of those
  uint32_t sequence;
};

namespace model_store {

// What lies in one of the two slots, the newest record or the one before. False when there is no
// such record; that bytes of the model are damaged, Read finds.
bool Find(Scheme scheme, bool newest, ModelRecord* record);

// The model that Find has found there, `record.size` bytes. False when they are damaged.
bool Read(Scheme scheme, bool newest, const ModelRecord& record, uint8_t* model);

// How many sectors a model takes. It is written sector by sector, from the last to 0, into the slot
// that does not hold the newest record. False when the flash does not take it; after sector 0 the
// model is the newest.
int Sectors(size_t size);
bool WriteSector(Scheme scheme, const ModelRecord& record, const uint8_t* model, int sector);

}  // namespace model_store
}  // namespace gritspace
