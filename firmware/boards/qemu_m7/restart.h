// SPDX-License-Identifier: MIT
// How QEMU's board starts anew by itself, and how it knows afterwards why: board::LastFault().
#pragma once

#include "generated/protocol.h"

namespace gritspace::restart {

// Once, before all else: reads what the last run left behind.
void Begin();

[[noreturn]] void Now(protocol::Fault why);

}  // namespace gritspace::restart
