// SPDX-License-Identifier: MIT
// The six operators that decoders are made of. Arithmetic is TFLite Micro's with CMSIS-NN, in the
// kernels for one type of samples, which take 29 kB less flash than those for all; what only moves
// samples is in copies.h. ADD can be listened to, since the arena keeps no tensor that nobody needs
// any more.
#pragma once

#include <cstdint>

#include "engines/tflm/copies.h"
#include "tensorflow/lite/micro/kernels/add.h"
#include "tensorflow/lite/micro/kernels/conv.h"
#include "tensorflow/lite/micro/kernels/kernel_util.h"
#include "tensorflow/lite/micro/kernels/mul.h"
#include "tensorflow/lite/micro/micro_mutable_op_resolver.h"

namespace tflite {
TFLMRegistration Register_MUL_INT16();  // the library has it, its header forgets it
}

namespace gritspace {

template <class Sample>
struct Kernels;

template <>
struct Kernels<int8_t> {
  static TFLMRegistration Convolution() { return tflite::Register_CONV_2D_INT8(); }
  static TFLMRegistration Sum() { return tflite::Register_ADD_INT8(); }
  static TFLMRegistration Product() { return tflite::Register_MUL_INT8(); }
};

template <>
struct Kernels<int16_t> {
  static TFLMRegistration Convolution() { return tflite::Register_CONV_2D_INT16(); }
  static TFLMRegistration Sum() { return tflite::Register_ADD_INT16(); }
  static TFLMRegistration Product() { return tflite::Register_MUL_INT16(); }
};

// Takes the residual stream on its way: each layer ends with the one ADD that it has.
struct Tap {
  int layer = -1;  // the one before which the stream is taken; -1: none
  int layers = 0;
  int16_t* stream = nullptr;
  int size = 0;
  int passed = 0;  // layers of this block

  template <class Sample>
  void Take(const TfLiteEvalTensor* tensor) const {
    const Sample* samples = tflite::micro::GetTensorData<Sample>(tensor);
    for (int i = 0; i < size; ++i) stream[i] = samples[i];
  }
};

// Audio thread. ADD as it is, between two looks at the stream.
template <class Sample>
TfLiteStatus SumUnderTap(TfLiteContext* context, TfLiteNode* node) {
  Tap& tap = *static_cast<Tap*>(tflite::GetMicroContext(context)->external_context());
  if (tap.layer == tap.passed) tap.Take<Sample>(tflite::micro::GetEvalInput(context, node, 0));
  const TfLiteStatus status = Kernels<Sample>::Sum().invoke(context, node);
  ++tap.passed;
  if (tap.layer == tap.layers && tap.passed == tap.layers) {
    tap.Take<Sample>(tflite::micro::GetEvalOutput(context, node, 0));
  }
  return status;
}

using Operators = tflite::MicroMutableOpResolver<6>;

template <class Sample>
bool AddOperators(Operators* operators) {
  TFLMRegistration sum = Kernels<Sample>::Sum();
  sum.invoke = SumUnderTap<Sample>;
  return operators->AddConv2D(Kernels<Sample>::Convolution()) == kTfLiteOk &&
         operators->AddMul(Kernels<Sample>::Product()) == kTfLiteOk &&
         operators->AddAdd(sum) == kTfLiteOk &&
         operators->AddConcatenation(copies::Concatenation()) == kTfLiteOk &&
         operators->AddBroadcastTo(copies::BroadcastTo()) == kTfLiteOk &&
         operators->AddStridedSlice(copies::StridedSlice()) == kTfLiteOk;
}

}  // namespace gritspace
