// SPDX-License-Identifier: MIT
// What the module remembers: its factory values, and which values are sense. The layout is
// generated (protocol::Settings), for it is also what crosses the link and lies in the flash.
#pragma once

#include <cstdint>

#include "generated/protocol.h"

namespace gritspace {

// Peaks at the jacks of hardware/ that are full scale of an AK4556, a Seed Rev 4's converter, by
// simulation. The module's sound is laid out for these; others are brought to them.
inline constexpr uint16_t kInFullScaleMillivolts = 8500, kOutFullScaleMillivolts = 7500;

// Of the circuits in hardware/ at their nominal values, presets spread over the map.
protocol::Settings FactorySettings();

// Whether every field is in its range: what fails here is never used, stored or loaded.
bool IsSound(const protocol::Settings& settings);

}  // namespace gritspace
