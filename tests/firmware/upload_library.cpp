// SPDX-License-Identifier: MIT
// core/upload.h for Python's ctypes, in a module that plays. The flash is settings_library.cpp's,
// the engine loading_decoder.cpp, whose time is the clock; knows no link.
#include <cstring>
#include <optional>

#include "boards/panel_at_rest.h"
#include "core/live.h"
#include "core/loader.h"
#include "core/upload.h"

extern "C" uint32_t engine_cycles;
extern "C" void cut_engine_power();

namespace {
std::optional<gritspace::Live> live;
std::optional<gritspace::Upload> upload;
uint32_t Now() { return engine_cycles; }
int Code(gritspace::protocol::ErrorCode error) { return static_cast<int>(error); }
}  // namespace

extern "C" {

// As a board does it, after a power cut.
bool power_up(uint32_t budget_cycles) {
  cut_engine_power();
  live.emplace();
  upload.emplace(Now, &*live);
  const bool restored = upload->Restore();
  live->PowerUp(budget_cycles, true);
  return restored;
}

int begin_model(const gritspace::protocol::BeginModel* begin) {
  return Code(upload->Begin(*begin));
}
int take(uint32_t offset, const uint8_t* bytes, size_t count) {
  return Code(upload->Take(offset, bytes, count));
}
int try_model() { return Code(upload->Try()); }
int keep(int sector) { return Code(upload->Keep(sector)); }
void describe(gritspace::protocol::ModelIs* told) { *told = upload->Describe(); }

// Which model plays, and which will.
uint32_t playing(int scheme) {
  return gritspace::decoder::Info(static_cast<gritspace::Scheme>(scheme)).model_id;
}
uint32_t next(int scheme) {
  return gritspace::loader::Next(static_cast<gritspace::Scheme>(scheme)).model_id;
}

// The codec plays blocks of audio (blocks, 48) with the panel at rest, each of which takes what the
// engine took.
void play(size_t blocks, float* audio) {
  for (; blocks > 0; --blocks, audio += 48) {
    const uint32_t start = Now();
    live->Play(gritspace::PanelAtRest(), audio, audio);
    live->Finish(Now() - start, 0);
  }
}

bool crossfaded() { return live->module().processor().crossfaded(); }
bool move(float x) { return live->Send({gritspace::Command::Kind::kMoveX, x}); }
bool change_scheme(int scheme) {
  gritspace::protocol::Settings settings = live->settings();
  settings.scheme = static_cast<uint8_t>(scheme);
  return live->Change(settings);
}

}  // extern "C"
