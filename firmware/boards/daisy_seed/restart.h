// SPDX-License-Identifier: MIT
// Why the processor started, and starting it anew after a fault; board::LastFault is here.
#pragma once

namespace gritspace::restart {

// Before anything else.
void Begin();

}  // namespace gritspace::restart
