// SPDX-License-Identifier: MIT
// core/live.h for Python's ctypes: one module on a stage, its hands two pots and MIDI. The flash is
// settings_library.cpp's, the decoder a stub; knows no link.
#include <optional>

#include "boards/panel_at_rest.h"
#include "core/live.h"

namespace {
std::optional<gritspace::Live> live;
}  // namespace

extern "C" {

void power_up() {
  live.emplace();
  live->PowerUp(0, true);
}

// The codec, or the bench if it has the module, plays blocks of silence with these two pots.
// `lights` has room for all (blocks, 4).
void play(uint16_t x, uint16_t y, size_t blocks, uint8_t* lights) {
  gritspace::PanelInput panel = gritspace::PanelAtRest();
  panel.adc[0] = x;
  panel.adc[1] = y;
  for (; blocks > 0; --blocks) {
    float audio[gritspace::protocol::kMaxBlockSize] = {};
    const gritspace::PanelOutput shown =
        live->bench() ? live->PlayBench(panel, audio, audio) : live->Play(panel, audio, audio);
    for (const uint8_t light : shown.led) *lights++ = light;
  }
}

void read_status(gritspace::protocol::Status* status) { *status = live->ReadStatus(); }
void read_settings(gritspace::protocol::Settings* settings) { *settings = live->settings(); }
bool change(const gritspace::protocol::Settings* settings) { return live->Change(*settings); }
bool store_preset(int index) { return live->StorePreset(index); }
void set_fault(int fault) { live->SetFault(static_cast<gritspace::protocol::Fault>(fault)); }
void start_bench(bool factory) { live->StartBench(factory); }
void go_live() { live->GoLive(); }
void take_midi(const uint8_t* bytes, size_t count) {
  for (size_t i = 0; i < count; ++i) live->TakeMidi(bytes[i]);
}

}  // extern "C"
