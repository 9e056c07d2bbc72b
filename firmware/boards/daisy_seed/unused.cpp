// SPDX-License-Identifier: MIT
// Stand-ins for parts of libDaisy and newlib that start-up draws into every image and nobody here
// calls: 22 kB of 128. The linker takes these before it looks into an archive, and the objects that
// hold the real ones stay there. Who uses such a part one day is told so by the linker, of two
// definitions, and takes its stand-in away.
#include "boards/daisy_seed/computer.h"

extern "C" {

// The second USB port's handlers serve a host besides the device if there is one, that is, if
// Instance is not null. With its driver and stack: 2.7 kB.
HCD_HandleTypeDef hhcd_USB_OTG_HS;
void HAL_HCD_IRQHandler(HCD_HandleTypeDef* /*host*/) {}

// System::Init prepares the tables of these drivers, 7.6 and 6.9 kB with the drivers themselves. It
// starts neither, and no pin of ours is one of theirs.
void dsy_uart_global_init() {}
void dsy_spi_global_init() {}

// For USB's messages to a developer, 5.8 kB; there is no standard output that they could go to.
int printf(const char* /*format*/, ...) { return 0; }
int putchar(int character) { return character; }

}  // extern "C"
