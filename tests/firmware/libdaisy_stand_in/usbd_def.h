// SPDX-License-Identifier: MIT
// STAND-IN for the header of ST's USB device library; see daisy_seed.h in this folder.
#pragma once

#include <cstdint>

struct USBD_HandleTypeDef {
  uint8_t dev_state;
};
inline constexpr uint8_t USBD_STATE_DEFAULT = 1;
inline constexpr uint8_t USBD_STATE_CONFIGURED = 3;
inline constexpr uint8_t USBD_STATE_SUSPENDED = 4;

struct PCD_HandleTypeDef {
  bool phy_clock_gated;
};
inline void __HAL_PCD_UNGATE_PHYCLOCK(PCD_HandleTypeDef* handle) {
  handle->phy_clock_gated = false;
}
