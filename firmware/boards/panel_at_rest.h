// SPDX-License-Identifier: MIT
// The panel of a board that has none, until the link turns its knobs: all at noon, nothing patched.
// Depends on core/panel.h and the factory's settings.
#pragma once

#include <cstdint>
#include <cstring>

#include "core/panel.h"
#include "core/settings.h"

namespace gritspace {

// Audio thread.
inline PanelInput PanelAtRest() {
  constexpr uint16_t kNoon = 0x8000;
  const protocol::Settings factory = FactorySettings();
  PanelInput panel{};
  for (uint16_t& code : panel.adc) code = kNoon;
  std::memcpy(panel.adc + protocol::kPots, factory.cv_zero, sizeof(factory.cv_zero));
  return panel;
}

}  // namespace gritspace
