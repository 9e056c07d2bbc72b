// SPDX-License-Identifier: MIT
// Kernels for the three operators that only move samples: TFLite Micro's own know every type, five
// axes and any stride, which is 14 kB of flash. These do what decoders ask for and refuse the rest
// at set-up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "tensorflow/lite/c/builtin_op_data.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"
#include "tensorflow/lite/micro/memory_helpers.h"

namespace gritspace::copies {

inline size_t Bytes(const TfLiteEvalTensor* tensor) {
  size_t bytes = 0;
  tflite::TfLiteEvalTensorByteLength(tensor, &bytes);
  return bytes;
}

inline uint8_t* Data(const TfLiteEvalTensor* tensor) {
  return static_cast<uint8_t*>(tensor->data.data);
}

// The product of the axes before one.
inline size_t Rows(const TfLiteEvalTensor* tensor, int axis) {
  size_t rows = 1;
  for (int i = 0; i < axis; ++i) rows *= static_cast<size_t>(tensor->dims->data[i]);
  return rows;
}

inline int Axis(const TfLiteNode* node) {
  return static_cast<const TfLiteConcatenationParams*>(node->builtin_data)->axis;
}

inline TfLiteStatus PrepareConcatenation(TfLiteContext* context, TfLiteNode* node) {
  const TfLiteEvalTensor* output = tflite::micro::GetEvalOutput(context, node, 0);
  const int axis = Axis(node);
  if (axis < 0 || axis >= output->dims->size) return kTfLiteError;
  size_t bytes = 0;
  for (int i = 0; i < node->inputs->size; ++i) {
    const TfLiteEvalTensor* input = tflite::micro::GetEvalInput(context, node, i);
    if (input->type != output->type || input->dims->size != output->dims->size) return kTfLiteError;
    if (Rows(input, axis) != Rows(output, axis)) return kTfLiteError;
    bytes += Bytes(input);
  }
  return bytes == Bytes(output) ? kTfLiteOk : kTfLiteError;
}

// Audio thread.
inline TfLiteStatus Concatenate(TfLiteContext* context, TfLiteNode* node) {
  const TfLiteEvalTensor* output = tflite::micro::GetEvalOutput(context, node, 0);
  const size_t rows = Rows(output, Axis(node)), stride = Bytes(output) / rows;
  uint8_t* column = Data(output);
  for (int i = 0; i < node->inputs->size; ++i) {
    const TfLiteEvalTensor* input = tflite::micro::GetEvalInput(context, node, i);
    const uint8_t* from = Data(input);
    const size_t bytes = Bytes(input) / rows;
    for (size_t row = 0; row < rows; ++row) {
      std::memcpy(column + row * stride, from + row * bytes, bytes);
    }
    column += bytes;
  }
  return kTfLiteOk;
}

// Only the end of a signal, which lies in one piece.
inline TfLiteStatus PrepareTail(TfLiteContext* context, TfLiteNode* node) {
  const TfLiteEvalTensor* input = tflite::micro::GetEvalInput(context, node, 0);
  const TfLiteEvalTensor* output = tflite::micro::GetEvalOutput(context, node, 0);
  const auto* begin =
      tflite::micro::GetTensorData<int32_t>(tflite::micro::GetEvalInput(context, node, 1));
  const auto* stride =
      tflite::micro::GetTensorData<int32_t>(tflite::micro::GetEvalInput(context, node, 3));
  const int axes = input->dims->size;
  if (begin == nullptr || stride == nullptr || output->dims->size != axes) return kTfLiteError;
  int shortened = 0;
  for (int i = 0; i < axes; ++i) {
    const int size = input->dims->data[i], left = output->dims->data[i];
    if (stride[i] != 1 || begin[i] != size - left) return kTfLiteError;
    if (size != left && (++shortened > 1 || Rows(input, i) != 1)) return kTfLiteError;
  }
  return input->type == output->type ? kTfLiteOk : kTfLiteError;
}

// Audio thread.
inline TfLiteStatus CopyTail(TfLiteContext* context, TfLiteNode* node) {
  const TfLiteEvalTensor* input = tflite::micro::GetEvalInput(context, node, 0);
  const TfLiteEvalTensor* output = tflite::micro::GetEvalOutput(context, node, 0);
  const size_t bytes = Bytes(output);
  std::memcpy(Data(output), Data(input) + Bytes(input) - bytes, bytes);
  return kTfLiteOk;
}

// Only the last axis, over and over.
inline TfLiteStatus PrepareRepetition(TfLiteContext* context, TfLiteNode* node) {
  const TfLiteEvalTensor* input = tflite::micro::GetEvalInput(context, node, 0);
  const TfLiteEvalTensor* output = tflite::micro::GetEvalOutput(context, node, 0);
  const int last = input->dims->size - 1;
  if (input->type != output->type || output->dims->size != last + 1) return kTfLiteError;
  const bool fits = input->dims->data[last] == output->dims->data[last];
  return fits && Rows(input, last) == 1 ? kTfLiteOk : kTfLiteError;
}

// Audio thread.
inline TfLiteStatus Repeat(TfLiteContext* context, TfLiteNode* node) {
  const TfLiteEvalTensor* input = tflite::micro::GetEvalInput(context, node, 0);
  const TfLiteEvalTensor* output = tflite::micro::GetEvalOutput(context, node, 0);
  const size_t bytes = Bytes(input), all = Bytes(output);
  for (size_t at = 0; at < all; at += bytes) std::memcpy(Data(output) + at, Data(input), bytes);
  return kTfLiteOk;
}

inline TFLMRegistration Concatenation() {
  return tflite::micro::RegisterOp(nullptr, PrepareConcatenation, Concatenate);
}
inline TFLMRegistration StridedSlice() {
  return tflite::micro::RegisterOp(nullptr, PrepareTail, CopyTail);
}
inline TFLMRegistration BroadcastTo() {
  return tflite::micro::RegisterOp(nullptr, PrepareRepetition, Repeat);
}

}  // namespace gritspace::copies
