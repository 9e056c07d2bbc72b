// SPDX-License-Identifier: MIT
// The module while it plays: the audio thread's side and the main loop's, and what crosses between
// them. Depends on module.h, settings_store.h, midi.h. One core, the audio thread is an interrupt:
// it may come between any two instructions of the main loop, and then runs to its end.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/midi.h"
#include "core/module.h"
#include "core/ring_buffer.h"
#include "core/settings_store.h"

namespace gritspace {

class Live {
 public:
  Live();  // out of line, so that it is made at start and its zeros take no flash

  // Main loop, once, before audio runs: loads the settings and starts the module. `budget_cycles`:
  // of one block, 0: the board has no clock. Without a panel, TurnPanel turns the knobs.
  void PowerUp(uint32_t budget_cycles, bool has_panel);

  // Block size and sample rate, which all schemes share.
  static const ModelInfo& Model() { return decoder::Info(Scheme::kInt16x8); }

  // Audio thread. One block from the codec; while the bench has the module, silence.
  PanelOutput Play(const PanelInput& panel, const float* in, float* out);

  // Audio thread, after Play: how long it took, and how many blocks the codec asked for in vain.
  void Finish(uint32_t cycles, uint32_t lost_blocks);

  // Main loop from here on.

  // A consistent picture of the last block.
  protocol::Status ReadStatus();
  const protocol::Settings& settings() const { return settings_[current_.load()]; }

  // For who takes the time in the main loop: what the audio thread has taken of it until now, wraps
  // at 2^32; and how long the decoder of a block may run, 0: the board has no clock.
  uint32_t audio_cycles() const { return audio_cycles_.load(); }
  uint32_t decoder_limit_cycles() const {
    return budget_cycles_ - budget_cycles_ / kShareOfTheRest;
  }

  // In every turn of the loop: ends a bench session that nobody feeds any more. True when a block
  // was played since the last call: feed the watchdog then.
  bool Tend();

  // Uses them from the next block on, and remembers them; false when the flash would not take them.
  bool Change(const protocol::Settings& changed);
  bool StorePreset(int index);
  bool TakeMidi(uint8_t byte);  // false when it asks for more than fits between two blocks
  bool Send(const Command& command) { return commands_.Write(command); }
  bool TurnPanel(const PanelInput& panel);  // false when the board has one of its own
  void SetFault(protocol::Fault fault);     // lights tell the last of a block, STATUS the last

  // The bench: the codec gets silence and the caller plays the module, from power-up, with stored
  // or factory settings. Changes are remembered only with stored ones.
  void StartBench(bool factory);
  // The decoder alone is taken; the module starts anew when the bench ends.
  void TakeDecoder();
  void GoLive();
  bool bench() const { return bench_.load(); }
  void KeepBench() { idle_blocks_.store(0); }  // the bench is still there
  PanelOutput PlayBench(const PanelInput& panel, const float* in, float* out);

  Module& module() { return module_; }

 private:
  static constexpr int kNeverTurned = -1;
  // All around the decoder takes 1 / 45 of a block (`gritspace bench`), and caches are not perfect.
  static constexpr uint32_t kShareOfTheRest = 16;

  bool LoadSettings();  // false: they are lost, and these are the factory's
  void Restart();       // as at power-up, with stored settings
  void ForgetSettingsFault();
  void Use(const protocol::Settings& settings);
  void StartModule();
  PanelOutput PlayModule(const PanelInput& panel, const float* in, float* out);
  void ShowFault();
  void Publish(const PanelInput& panel);
  void FadeOut(float* out);
  template <class Value>
  Value Read(const Value& published) const;  // what the audio thread publishes, all of one block

  Module module_;
  SettingsStore store_;
  Midi midi_;
  RingBuffer<Command, 64> commands_;  // 64 bytes of MIDI may ask for as many
  protocol::Settings settings_[2]{};  // the audio thread reads the current one
  std::atomic<uint32_t> current_{0};
  PanelInput turned_[2]{};  // of a board without a panel
  std::atomic<int> turned_current_{kNeverTurned};
  bool has_panel_ = false;
  std::atomic<bool> bench_{false};
  std::atomic<uint32_t> idle_blocks_{0};  // of the codec, since the bench's last packet
  bool remember_ = true;                  // whether changes go to the flash
  std::atomic<uint32_t> faults_{0};  // the last in the lowest byte, above it how many there were
  uint32_t shown_faults_ = 0;        // what `faults_` was when the lights were last told
  std::atomic<uint32_t> status_writes_{0};
  protocol::Status status_{};
  Place base_{};
  uint32_t budget_cycles_ = 0;
  std::atomic<uint32_t> lost_blocks_{0};
  std::atomic<uint32_t> audio_cycles_{0};
  std::atomic<uint32_t> codec_blocks_{0};
  uint32_t blocks_seen_ = 0;
  float last_out_ = 0;  // faded from when the bench takes over
};

}  // namespace gritspace
