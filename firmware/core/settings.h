// SPDX-License-Identifier: MIT
// What the module remembers: its factory values, and which values are sense. The layout is
// generated (protocol::Settings), for it is also what crosses the link and lies in the flash.
#pragma once

#include "generated/protocol.h"

namespace gritspace {

// Of the circuits in hardware/ at their nominal values, presets spread over the map.
protocol::Settings FactorySettings();

// Whether every field is in its range: what fails here is never used, stored or loaded.
bool IsSound(const protocol::Settings& settings);

}  // namespace gritspace
