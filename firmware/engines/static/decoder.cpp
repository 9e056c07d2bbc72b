// SPDX-License-Identifier: MIT
// core/decoder.h by networks compiled ahead of time, one for each scheme. Depends on network.h and
// the generated models. GRITSPACE_WITHOUT_INT8 leaves that one out, for boards with little flash.
#include "core/decoder.h"

#include "engines/static/network.h"
#include "generated/model_int16x8.h"
#include "generated/model_int8.h"

namespace gritspace::decoder {
namespace {

Network<ModelInt16x8> network_int16x8;
#if !GRITSPACE_WITHOUT_INT8
Network<ModelInt8> network_int8;
#endif

}  // namespace
}  // namespace gritspace::decoder

#include "engines/decoder_functions.h"
