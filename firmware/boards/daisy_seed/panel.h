// SPDX-License-Identifier: MIT
// Knobs, jacks, button and lights on the pins of board_pins.h; board::ReadPanel and board::Show
// are here.
#pragma once

namespace gritspace::panel {

void Start();

}  // namespace gritspace::panel
