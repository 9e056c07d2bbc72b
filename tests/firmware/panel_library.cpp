// SPDX-License-Identifier: MIT
// core/filters.h, controls.h, spot.h and lights.h for Python's ctypes: each function plays a whole
// sequence from power-up. Nothing else.
#include <cstddef>

#include "core/controls.h"
#include "core/filters.h"
#include "core/lights.h"
#include "core/spot.h"

using namespace gritspace;

extern "C" {

struct TimedCommand {
  uint32_t block;  // before which it comes
  Command command;
};

struct SpotState {
  Place place;
  Place base;
  protocol::Base source;
  uint8_t preset;
};

void run_one_pole(float time_s, float rate_hz, size_t count, const float* in, float* out) {
  OnePole filter;
  filter.Init(time_s, rate_hz);
  for (size_t i = 0; i < count; ++i) out[i] = filter.Process(in[i]);
}

void run_backlash(float half_width, size_t count, const float* in, float* out) {
  Backlash backlash;
  backlash.Init(half_width);
  for (size_t i = 0; i < count; ++i) out[i] = backlash.Process(in[i]);
}

void run_dc_blocker(float cutoff_hz, float rate_hz, size_t block_size, size_t blocks,
                    const float* in, float* out) {
  DcBlocker blocker;
  blocker.Init(cutoff_hz, rate_hz);
  for (size_t block = 0; block < blocks; ++block) {
    for (size_t i = 0; i < block_size; ++i) *out++ = blocker.Process(*in++);
    blocker.EndBlock();
  }
}

void run_button(float rate_hz, size_t count, const bool* down, Button::Event* events) {
  Button button;
  button.Init(rate_hz);
  for (size_t i = 0; i < count; ++i) events[i] = button.Process(down[i]);
}

void run_controls(float block_rate_hz, const protocol::Settings* settings, size_t blocks,
                  const PanelInput* panel, Gestures* gestures) {
  Controls controls;
  controls.Init(block_rate_hz);
  for (size_t i = 0; i < blocks; ++i) gestures[i] = controls.Process(panel[i], *settings);
}

void run_spot(float block_rate_hz, const protocol::Settings* settings, size_t blocks,
              const Gestures* gestures, size_t commands, const TimedCommand* command,
              SpotState* states) {
  SpotControl spot;
  spot.Init(block_rate_hz);
  const TimedCommand* const end = command + commands;
  for (size_t i = 0; i < blocks; ++i) {
    for (; command != end && command->block <= i; ++command) spot.Obey(command->command, *settings);
    states[i].place = spot.Process(gestures[i], *settings);
    states[i].base = spot.base();
    states[i].source = spot.source();
    states[i].preset = spot.preset();
  }
}

void run_lights(float block_rate_hz, size_t blocks, const Place* places, const uint16_t* flags,
                const protocol::Fault* faults, PanelOutput* lights) {
  Lights shown;
  shown.Init(block_rate_hz);
  for (size_t i = 0; i < blocks; ++i) lights[i] = shown.Process(places[i], flags[i], faults[i]);
}

void places_of_spots(size_t count, const protocol::Spot* spots, Place* places) {
  for (size_t i = 0; i < count; ++i) places[i] = PlaceOf(spots[i]);
}

void spots_of_places(size_t count, const Place* places, protocol::Spot* spots) {
  for (size_t i = 0; i < count; ++i) spots[i] = SpotOf(places[i]);
}

}  // extern "C"
