// SPDX-License-Identifier: MIT
// The job `play`: recordings through the whole module, file to file.
//
// `play stored|factory BLOCK_SIZE INPUTS DRY WET OUTPUTS`, names without spaces: the settings it
// plays with; INPUTS and OUTPUTS hold the records of boards/playback.h, DRY and WET the codec's
// samples (int32 of 24 bits), a block each. The module starts as at power-up.
#pragma once

#include "boards/qemu_m7/jobs.h"

namespace gritspace {

JobStatus RunPlay(Words* words);

}  // namespace gritspace
