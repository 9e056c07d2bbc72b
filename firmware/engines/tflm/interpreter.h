// SPDX-License-Identifier: MIT
// One .tflite under TFLite Micro's interpreter, with the arena that it works in and the states
// that it leaves to its caller. What the model is, its card says. Depends on model_card.h,
// operators.h and TFLite Micro; no heap, and nothing to undo when the next model comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>

#include "core/model_card.h"
#include "engines/tflm/operators.h"
#include "generated/protocol.h"
#include "tensorflow/lite/micro/micro_interpreter.h"

namespace gritspace {

template <class Sample, size_t kArenaBytes, size_t kStateBytes>
class Interpreter {
 public:
  // The file stays where it is while it plays. What does not come out well is silent for good, and
  // not `ready`. That a file's inner offsets stay within it, as with every .tflite, its sender has
  // checked.
  bool SetUp(const uint8_t* file, size_t size, uint32_t model_id) {
    ready_ = false;
    if (size < kLeastFileBytes || !tflite::ModelBufferHasIdentifier(file)) return false;
    const tflite::Model* model = tflite::GetModel(file);
    if (!FindCard(model)) return false;
    info_.model_id = model_id;
    ready_ = SetUpMachine(model);
    if (ready_) Reset();
    return ready_;
  }

  bool ready() const { return ready_; }
  const ModelInfo& info() const { return info_; }
  const TestVectors& test_vectors() const { return test_vectors_; }
  size_t arena_bytes() const { return ready_ ? interpreter().arena_used_bytes() : 0; }

  void Reset() {
    std::memset(states_, 0, sizeof(states_));
    has_next_ = false;
  }

  // Audio thread.
  void Process(const int16_t* dry, const int16_t* z, int16_t* wet) {
    Preview(dry, z, wet);
    has_next_ = true;
  }

  // Audio thread.
  void Preview(const int16_t* dry, const int16_t* z, int16_t* wet) {
    if (has_next_ && ready_) TakeStates();
    has_next_ = false;
    for (int i = 0; i < info_.block_size; ++i) dry_[i] = static_cast<Sample>(dry[i]);
    for (int i = 0; i < protocol::kLatentSize; ++i) z_[i] = static_cast<Sample>(z[i]);
    Invoke();
    for (int i = 0; i < info_.block_size; ++i) wet[i] = ready_ ? Wet()[i] : Sample{0};
  }

  // Plays the last block once more and listens: the arena has forgotten what was between.
  void ReadStream(int layer, int16_t* stream) {
    tap_.layer = layer;
    tap_.stream = stream;
    Invoke();
    tap_.layer = -1;
  }

 private:
  static constexpr size_t kLeastFileBytes = 9;  // an offset, the identifier, and something
  static constexpr size_t kFirstState = 2;      // of the inputs; of the outputs one less

  // In one piece, so that it can be made where nobody will take it away.
  struct Machine {
    Machine(const tflite::Model* model, uint8_t* arena)
        : interpreter(model, operators, arena, kArenaBytes) {}
    Operators operators;
    tflite::MicroInterpreter interpreter;
  };

  static constexpr Scheme kScheme = sizeof(Sample) == 1 ? Scheme::kInt8 : Scheme::kInt16x8;
  static constexpr TfLiteType kType = sizeof(Sample) == 1 ? kTfLiteInt8 : kTfLiteInt16;

  bool FindCard(const tflite::Model* model) {
    if (model->metadata() == nullptr || model->buffers() == nullptr) return false;
    for (const tflite::Metadata* entry : *model->metadata()) {
      if (entry->name() == nullptr || entry->buffer() >= model->buffers()->size()) continue;
      if (std::strcmp(entry->name()->c_str(), "gritspace_card") != 0) continue;
      const auto* card = model->buffers()->Get(entry->buffer())->data();
      return card != nullptr &&
             ReadCard(card->data(), card->size(), kScheme, &info_, &loudness_, &test_vectors_);
    }
    return false;
  }

  bool SetUpMachine(const tflite::Model* model) {
    if (model->version() != TFLITE_SCHEMA_VERSION || model->subgraphs() == nullptr ||
        model->subgraphs()->size() != 1) {
      return false;
    }
    machine_ = new (storage_) Machine(model, arena_);
    tap_.layers = info_.layers;
    tap_.size = info_.block_size * info_.channels;
    return AddOperators<Sample>(&machine_->operators) &&
           interpreter().SetMicroExternalContext(&tap_) == kTfLiteOk &&
           interpreter().AllocateTensors() == kTfLiteOk && HasShape();
  }

  // Dry, z and states in, wet and the next states out.
  bool HasShape() const {
    const size_t inputs = interpreter().inputs_size();
    const size_t block_bytes = info_.block_size * sizeof(Sample);
    if (inputs != kFirstState + info_.layers) return false;
    if (interpreter().outputs_size() != inputs - 1) return false;
    if (interpreter().input(0)->type != kType) return false;
    if (interpreter().input(0)->bytes != block_bytes) return false;
    if (interpreter().input(1)->bytes != sizeof(z_)) return false;
    if (interpreter().output(0)->bytes != block_bytes) return false;
    size_t bytes = 0;
    for (size_t i = kFirstState; i < inputs; ++i) {
      bytes += interpreter().input(i)->bytes;
      const TfLiteIntArray* shape = interpreter().input(i)->dims;
      if (shape->size == 0 || shape->data[shape->size - 1] != info_.channels) return false;
      if (interpreter().output(i - 1)->bytes != interpreter().input(i)->bytes) return false;
    }
    return bytes <= kStateBytes;
  }

  // Inputs share the arena with all else: every one is given each time.
  void Invoke() {
    if (!ready_) return;
    std::memcpy(interpreter().input(0)->data.raw, dry_, interpreter().input(0)->bytes);
    std::memcpy(interpreter().input(1)->data.raw, z_, sizeof(z_));
    const uint8_t* state = states_;
    for (size_t i = kFirstState; i < interpreter().inputs_size(); ++i) {
      const TfLiteTensor* input = interpreter().input(i);
      std::memcpy(input->data.raw, state, input->bytes);
      state += input->bytes;
    }
    tap_.passed = 0;
    ready_ = interpreter().Invoke() == kTfLiteOk;
  }

  void TakeStates() {
    uint8_t* state = states_;
    for (size_t i = kFirstState - 1; i < interpreter().outputs_size(); ++i) {
      const TfLiteTensor* output = interpreter().output(i);
      std::memcpy(state, output->data.raw, output->bytes);
      state += output->bytes;
    }
  }

  const Sample* Wet() const {
    return reinterpret_cast<const Sample*>(interpreter().output(0)->data.raw);
  }

  tflite::MicroInterpreter& interpreter() const { return machine_->interpreter; }

  ModelInfo info_{};
  LoudnessMap loudness_{};
  TestVectors test_vectors_{};
  Machine* machine_ = nullptr;
  bool ready_ = false;
  bool has_next_ = false;  // the next block begins where the outputs in the arena end
  Tap tap_;
  Sample z_[protocol::kLatentSize];
  Sample dry_[protocol::kMaxBlockSize];
  uint8_t states_[kStateBytes];  // before the last block
  alignas(Machine) uint8_t storage_[sizeof(Machine)];
  alignas(16) uint8_t arena_[kArenaBytes];
};

}  // namespace gritspace
