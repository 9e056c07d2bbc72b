// SPDX-License-Identifier: MIT
// The .tflite files as bytes in the image, aligned as TFLite Micro wants them. The build writes
// what is declared here from quantize/released, or from the folder that GRITSPACE_MODELS names.
#pragma once

#include <cstdint>

namespace gritspace {

extern const uint8_t kFileInt8[];
extern const uint32_t kFileInt8Size, kFileInt8Id;  // bytes; the first four of the SHA-256
extern const uint8_t kFileInt16x8[];
extern const uint32_t kFileInt16x8Size, kFileInt16x8Id;

}  // namespace gritspace
