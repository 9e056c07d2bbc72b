// SPDX-License-Identifier: MIT
// The .tflite files as bytes in the image, aligned as TFLite Micro wants them. The build writes
// what is declared here from quantize/released, and sees to it that they are the generated models.
#pragma once

#include <cstdint>

namespace gritspace {

extern const uint8_t kFileInt8[];
extern const uint8_t kFileInt16x8[];

}  // namespace gritspace
