// SPDX-License-Identifier: MIT
// What an engine that takes models at run time implements beside core/decoder.h: each scheme has
// two places, one plays while the other is filled and tried. The build says GRITSPACE_LOADS_MODELS
// for such an engine; of all others this is all there is. Main loop, if not said otherwise.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/decoder.h"

namespace gritspace::loader {

#if GRITSPACE_LOADS_MODELS

// Where the bytes of the next model go, protocol::kMaxModelBytes of them.
uint8_t* Room(Scheme scheme);

// Sets up the model in there. False: it is no decoder of that scheme that fits the memory.
bool SetUp(Scheme scheme, size_t size, uint32_t model_id);

// Of the model that was set up: what it says of itself, and how many blocks of test vectors.
const ModelInfo& Candidate(Scheme scheme);
int TestBlocks(Scheme scheme);

// Plays one of them, which follow each other from 0 on. Whether the integers are the vectors'.
bool PlayTestBlock(Scheme scheme, int block);

// Lets it wait: whoever plays the decoder takes it when the moment is good.
void Offer(Scheme scheme);

// Either thread. Whether a model waits, and what the scheme will be when it has been taken.
bool Waits(Scheme scheme);
const ModelInfo& Next(Scheme scheme);

// Whoever plays the decoder: from now on it is the one that waited, if one did; it needs a Reset.
void TakeNext(Scheme scheme);

#else

constexpr bool Waits(Scheme /*scheme*/) { return false; }
inline const ModelInfo& Next(Scheme scheme) { return decoder::Info(scheme); }
inline void TakeNext(Scheme /*scheme*/) {}

#endif

}  // namespace gritspace::loader
