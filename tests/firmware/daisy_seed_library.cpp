// SPDX-License-Identifier: MIT
// firmware/boards/daisy_seed for Python's ctypes, with a stand-in for libDaisy. An audio thread
// that halves what it hears, and can be late.
#include <algorithm>
#include <cstdint>

#include "boards/board.h"
#include "core/link.h"
#include "core/live.h"
#include "core/storage.h"
#include "daisy_seed.h"
#include "usbd_def.h"

extern "C" {
USBD_HandleTypeDef hUsbDeviceFS;
PCD_HandleTypeDef hpcd_USB_OTG_FS;
uint32_t g_pfnVectors[0xA6];
void PendSV_Handler();
}

namespace {

size_t block_size = 0;
int half = 0;
gritspace::Live live;
gritspace::Upload upload([] { return uint32_t{0}; }, &live);
gritspace::Link device_link({"1.2.3", "daisy_seed", true}, &live, &upload);

void Halve(const float* in, float* out) {
  for (size_t i = 0; i < block_size; ++i) out[i] = 0.5F * in[i];
}

}  // namespace

extern "C" {

void start(uint32_t reset_flags, bool usb_configured) {
  stand_in.flash.assign(StandIn::kFlashBytes, 0xFF);
  stand_in.mapped.assign(StandIn::kFlashBytes, 0xFF);
  registers.RSR = reset_flags;
  hUsbDeviceFS.dev_state = usb_configured ? USBD_STATE_CONFIGURED : USBD_STATE_DEFAULT;
  gritspace::board::Init();
}
int last_fault() { return static_cast<int>(gritspace::board::LastFault()); }
bool is_boosted() { return stand_in.boosted; }
bool flushes_denormals() { return (fpscr & registers.FPDSCR & FPU_FPDSCR_FZ_Msk) != 0; }
int priority_of(int interrupt) { return interrupt_priorities[interrupt + 2]; }
bool enter_bootloader() {
  gritspace::board::EnterBootloader();
  return stand_in.in_bootloader;
}

// The link: whether the board is to leave for its bootloader after these bytes.
bool leaves_after(const uint8_t* bytes, int count) {
  for (int i = 0; i < count; ++i) device_link.Receive(bytes[i]);
  return device_link.leaving();
}

// Audio: what DMA does. `words` are a period of both sides.
void start_audio(int block) {
  block_size = static_cast<size_t>(block);
  gritspace::board::StartAudio(Halve, block_size, 48000, 6);
}
int lost_blocks() { return static_cast<int>(gritspace::board::LostBlocks()); }
void end_period(const int32_t* words, bool in_time) {
  const size_t samples = stand_in.dma_size / 2;
  std::copy(words, words + samples, stand_in.dma_received + half * samples);
  registers.ICSR = 0;
  stand_in.dma_callback(stand_in.dma_received + half * samples, stand_in.dma_sent + half * samples,
                        samples);
  if (in_time && registers.ICSR != 0) PendSV_Handler();
  half = 1 - half;
}
// The half that DMA sends next: what is heard in the coming period.
void read_sent(int32_t* words) {
  const size_t samples = stand_in.dma_size / 2;
  std::copy(stand_in.dma_sent + half * samples, stand_in.dma_sent + (half + 1) * samples, words);
}

// The panel.
int pins_of(int kind, uint8_t* pins) {
  const std::vector<uint8_t>* const lists[] = {&stand_in.adc_pins, &stand_in.input_pins,
                                               &stand_in.pwm_pins, &stand_in.pwm_channels};
  std::copy(lists[kind]->begin(), lists[kind]->end(), pins);
  return static_cast<int>(lists[kind]->size());
}
void set_code(int channel, uint16_t code) { stand_in.codes[channel] = code; }
void set_level(int pin, bool high) { stand_in.levels[pin] = high; }
void read_panel(uint16_t* codes, bool* switches) {
  const gritspace::PanelInput input = gritspace::board::ReadPanel();
  std::copy(input.adc, input.adc + gritspace::protocol::kAdcChannels, codes);
  switches[0] = input.button;
  switches[1] = input.gate;
}
float brightness_of(int light, uint8_t value) {
  gritspace::PanelOutput output{};
  output.led[light] = value;
  gritspace::board::Show(output);
  return stand_in.brightness[stand_in.pwm_channels[static_cast<size_t>(light)]];
}
float cv_out_of(int light, uint8_t value) {
  gritspace::PanelOutput output{};
  output.led[light] = value;
  gritspace::board::Show(output);
  return stand_in.cv_out[2];
}

// USB: the host's side.
void usb_state(uint8_t state, bool gated) {
  hUsbDeviceFS.dev_state = state;
  if (gated) hpcd_USB_OTG_FS.phy_clock_gated = true;
}
bool usb_gated() { return hpcd_USB_OTG_FS.phy_clock_gated; }
void usb_arrive(uint8_t* bytes, uint32_t count) { stand_in.usb_callback(bytes, &count); }
int usb_take(uint8_t* bytes) {
  if (stand_in.usb_sending == nullptr) return 0;
  std::copy(stand_in.usb_sending, stand_in.usb_sending + stand_in.usb_sending_bytes, bytes);
  stand_in.usb_sending = nullptr;
  return static_cast<int>(stand_in.usb_sending_bytes);
}
int read_byte() {
  uint8_t byte = 0;
  return gritspace::board::Read(&byte) ? byte : -1;
}
uint32_t write_bytes(const uint8_t* bytes, int count) {  // milliseconds that it took
  const uint32_t start = stand_in.now_ms;
  gritspace::board::Write(bytes, static_cast<size_t>(count));
  return stand_in.now_ms - start;
}

// The flash.
void flash_refuses(bool refuses) { stand_in.flash_refuses = refuses; }
bool erase_sector(int sector) { return gritspace::storage::Erase(sector); }
bool program_sector(int sector, int offset, const uint8_t* bytes, int count) {
  return gritspace::storage::Program(sector, static_cast<size_t>(offset), bytes,
                                     static_cast<size_t>(count));
}
bool read_sector(int sector, int offset, uint8_t* bytes, int count) {
  return gritspace::storage::Read(sector, static_cast<size_t>(offset), bytes,
                                  static_cast<size_t>(count));
}
int chip_byte(uint32_t address) { return stand_in.flash[address]; }

}  // extern "C"
