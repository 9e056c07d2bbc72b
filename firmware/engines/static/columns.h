// SPDX-License-Identifier: MIT
// The inner loop: four output columns at two times, eight sums that never leave the registers, over
// all taps and channels of a dilated convolution. Depends on core/simd.h and the word order of
// stream.h.
#pragma once

#include <cstdint>

#include "core/simd.h"

namespace gritspace {

// Accumulators of four columns at one time. Not an array: GCC would keep that in memory.
struct Columns {
  int32_t c0, c1, c2, c3;
};

// The same at two neighbouring samples.
struct Sums {
  Columns early, late;
};

// What the steps work on: a pair of input channels at both times, and two of the weights, each
// loaded some steps of the core before it is used. Weights follow each other as the steps want
// them: columns 0 to 3, each a pair of input channels.
struct Operands {
  const uint32_t* samples;
  const uint32_t* weights;
  uint32_t early, late;
  uint32_t even, odd;  // weights of columns 0 or 2, 1 or 3
};

#if GRITSPACE_DSP

// 8 SMLAD and 6 loads, with as many operands as the core has registers: it compiles from -O1 on,
// where none is kept for a frame pointer. By llvm-mca's Cortex-M7 model one SMLAD begins in every
// cycle: each load stands beside one, as soon as its register is free and two cycles before it is
// needed. Double loads would save an instruction and cost a cycle, a pointer that moves with its
// load costs two. In two halves, for GCC takes no statement with all 14 registers.
// clang-format off
#define GRITSPACE_SMLAD(sum, weight, sample, from) \
  "smlad %[" sum "], %[" weight "], %[" sample "], %[" from "]\n"
#define GRITSPACE_FIRST_HALF(from0, from1)           \
  GRITSPACE_SMLAD("l0", "even", "late", from0)       \
  "ldr %[early], [%[samples], %[early_at]]\n"        \
  GRITSPACE_SMLAD("l1", "odd", "late", from1)        \
  GRITSPACE_SMLAD("e0", "even", "early", "e0")       \
  "ldr %[even], [%[weights], %[weights_at]]\n"       \
  GRITSPACE_SMLAD("e1", "odd", "early", "e1")        \
  "ldr %[odd], [%[weights], %[weights_at] + 4]\n"
#define GRITSPACE_SECOND_HALF(from2, from3)          \
  GRITSPACE_SMLAD("l2", "even", "late", from2)       \
  GRITSPACE_SMLAD("l3", "odd", "late", from3)        \
  "ldr %[late], [%[samples], %[late_at]]\n"          \
  GRITSPACE_SMLAD("e2", "even", "early", "e2")       \
  "ldr %[even], [%[weights], %[weights_at]]\n"       \
  GRITSPACE_SMLAD("e3", "odd", "early", "e3")        \
  "ldr %[odd], [%[weights], %[weights_at] + 4]\n"
#define GRITSPACE_LAST_HALF(from2, from3)            \
  GRITSPACE_SMLAD("l2", "even", "late", from2)       \
  GRITSPACE_SMLAD("l3", "odd", "late", from3)        \
  GRITSPACE_SMLAD("e2", "even", "early", "e2")       \
  GRITSPACE_SMLAD("e3", "odd", "early", "e3")
// clang-format on

// Keeps the compiler from computing other pointers along with these: there is no register for them.
inline void Hide(Operands& at) { asm volatile("" : "+r"(at.samples), "+r"(at.weights)); }

// Columns 0 and 1. In bytes from the operands' pointers: where the early samples lie, and the
// weights of columns 2 and 3. kFirst: both times begin at the biases, which the early sums hold.
template <bool kFirst, int kEarlyAt, int kWeightsAt>
inline __attribute__((always_inline)) void FirstHalf(Operands& at, Sums& sums) {
  Columns& e = sums.early;
  Columns& l = sums.late;
  if constexpr (kFirst) {
    asm volatile(GRITSPACE_FIRST_HALF("e0", "e1")
                 : [e0] "+r"(e.c0), [e1] "+r"(e.c1), [l0] "=&r"(l.c0), [l1] "=&r"(l.c1),
                   [early] "=&r"(at.early), [even] "+r"(at.even), [odd] "+r"(at.odd)
                 : [late] "r"(at.late), [samples] "r"(at.samples), [weights] "r"(at.weights),
                   [early_at] "n"(kEarlyAt), [weights_at] "n"(kWeightsAt)
                 : "memory");
  } else {
    asm volatile(GRITSPACE_FIRST_HALF("l0", "l1")
                 : [e0] "+r"(e.c0), [e1] "+r"(e.c1), [l0] "+r"(l.c0), [l1] "+r"(l.c1),
                   [early] "=&r"(at.early), [even] "+r"(at.even), [odd] "+r"(at.odd)
                 : [late] "r"(at.late), [samples] "r"(at.samples), [weights] "r"(at.weights),
                   [early_at] "n"(kEarlyAt), [weights_at] "n"(kWeightsAt)
                 : "memory");
  }
}

// Columns 2 and 3, and the next step's late samples and weights of columns 0 and 1, but for kLast.
template <bool kFirst, bool kLast, int kLateAt, int kWeightsAt>
inline __attribute__((always_inline)) void SecondHalf(Operands& at, Sums& sums) {
  Columns& e = sums.early;
  Columns& l = sums.late;
#define GRITSPACE_OPERANDS                    \
  [late] "+r"(at.late), [even] "+r"(at.even), \
      [odd] "+r"(at.odd)                      \
      : [early] "r"(at.early),                \
        [samples] "r"(at.samples),            \
        [weights] "r"(at.weights),            \
        [late_at] "n"(kLateAt),               \
        [weights_at] "n"(kWeightsAt)          \
      : "memory"
  if constexpr (kFirst && kLast) {
    asm volatile(GRITSPACE_LAST_HALF("e2", "e3")
                 : [e2] "+r"(e.c2), [e3] "+r"(e.c3), [l2] "=&r"(l.c2), [l3] "=&r"(l.c3),
                   GRITSPACE_OPERANDS);
  } else if constexpr (kFirst) {
    asm volatile(GRITSPACE_SECOND_HALF("e2", "e3")
                 : [e2] "+r"(e.c2), [e3] "+r"(e.c3), [l2] "=&r"(l.c2), [l3] "=&r"(l.c3),
                   GRITSPACE_OPERANDS);
  } else if constexpr (kLast) {
    asm volatile(GRITSPACE_LAST_HALF("l2", "l3")
                 : [e2] "+r"(e.c2), [e3] "+r"(e.c3), [l2] "+r"(l.c2), [l3] "+r"(l.c3),
                   GRITSPACE_OPERANDS);
  } else {
    asm volatile(GRITSPACE_SECOND_HALF("l2", "l3")
                 : [e2] "+r"(e.c2), [e3] "+r"(e.c3), [l2] "+r"(l.c2), [l3] "+r"(l.c3),
                   GRITSPACE_OPERANDS);
  }
#undef GRITSPACE_OPERANDS
}
#undef GRITSPACE_FIRST_HALF
#undef GRITSPACE_SECOND_HALF
#undef GRITSPACE_LAST_HALF
#undef GRITSPACE_SMLAD

#else

inline void Hide(Operands& /*at*/) {}

template <bool kFirst, int kEarlyAt, int kWeightsAt>
void FirstHalf(Operands& at, Sums& sums) {
  if constexpr (kFirst) sums.late = sums.early;
  at.early = at.samples[kEarlyAt / 4];
  sums.late.c0 = Smlad(at.even, at.late, sums.late.c0);
  sums.late.c1 = Smlad(at.odd, at.late, sums.late.c1);
  sums.early.c0 = Smlad(at.even, at.early, sums.early.c0);
  sums.early.c1 = Smlad(at.odd, at.early, sums.early.c1);
  at.even = at.weights[kWeightsAt / 4];
  at.odd = at.weights[kWeightsAt / 4 + 1];
}

template <bool kFirst, bool kLast, int kLateAt, int kWeightsAt>
void SecondHalf(Operands& at, Sums& sums) {
  sums.late.c2 = Smlad(at.even, at.late, sums.late.c2);
  sums.late.c3 = Smlad(at.odd, at.late, sums.late.c3);
  sums.early.c2 = Smlad(at.even, at.early, sums.early.c2);
  sums.early.c3 = Smlad(at.odd, at.early, sums.early.c3);
  if constexpr (kLast) return;
  at.late = at.samples[kLateAt / 4];
  at.even = at.weights[kWeightsAt / 4];
  at.odd = at.weights[kWeightsAt / 4 + 1];
}

#endif

// One tap by itself, in little code: `pairs` of channels from `samples`, whose later time lies
// `later` words further. Returns where the next tap's weights are.
inline const uint32_t* AccumulateTap(const uint32_t* samples, int later, int pairs,
                                     const uint32_t* weights, Sums& sums) {
  for (const uint32_t* const end = samples + 2 * pairs; samples != end; samples += 2) {
    const uint32_t early = samples[0];
    const uint32_t late = samples[later];
    sums.early.c0 = Smlad(weights[0], early, sums.early.c0);
    sums.late.c0 = Smlad(weights[0], late, sums.late.c0);
    sums.early.c1 = Smlad(weights[1], early, sums.early.c1);
    sums.late.c1 = Smlad(weights[1], late, sums.late.c1);
    sums.early.c2 = Smlad(weights[2], early, sums.early.c2);
    sums.late.c2 = Smlad(weights[2], late, sums.late.c2);
    sums.early.c3 = Smlad(weights[3], early, sums.early.c3);
    sums.late.c3 = Smlad(weights[3], late, sums.late.c3);
    weights += 4;
  }
  return weights;
}

// A dilated convolution's walk over the stream, for two neighbouring samples.
template <int kChannels, int kKernelSize, int kDilation>
class Taps {
 public:
  static constexpr int kSteps = kKernelSize * kChannels / 2;
  static constexpr int kWeightWords = kSteps * 4;

  // First word of a tap, from the pair of rows whose output is formed.
  static constexpr int FirstWord(int tap) {
    const int rows_back = (kKernelSize - 1 - tap) * kDilation;
    return -(rows_back + 1) / 2 * kChannels + rows_back % 2;
  }

  // Audio thread. `sums.early` holds the biases; `at` points to the first tap's samples and to the
  // weights, and does so again at the end.
  [[gnu::always_inline]] static void Accumulate(Operands& at, Sums& sums) {
    at.late = at.samples[LateWord(0)];
    at.even = at.weights[0];
    at.odd = at.weights[1];
    AccumulateFrom<0>(at, sums);
  }

 private:
  static constexpr int kPairs = kChannels / 2;
  static constexpr int kFarthest = 4095 / 4;  // words that a load can add to its pointer

  // From the first tap's first word.
  static constexpr int EarlyWord(int step) {
    return FirstWord(step / kPairs) - FirstWord(0) + step % kPairs * 2;
  }
  static constexpr int LateWord(int step) {
    const bool straddles = (kKernelSize - 1 - step / kPairs) * kDilation % 2 != 0;
    return EarlyWord(step) + (straddles ? kChannels - 1 : 1);
  }
  // Where a step's pointers have to be, for its loads to reach: at the start, or where its tap
  // begins, so that they seldom move.
  static constexpr int SamplesMoved(int step) {
    const int farthest = step + 1 < kSteps ? LateWord(step + 1) : EarlyWord(step);
    return farthest <= kFarthest ? 0 : EarlyWord(step / kPairs * kPairs);
  }
  static constexpr int WeightsMoved(int step) { return step / kStride * kStride * 4; }
  static constexpr int kStride = kFarthest / 4 - 1;

  template <int kStep>
  [[gnu::always_inline]] static void AccumulateFrom(Operands& at, Sums& sums) {
    constexpr bool kLast = kStep + 1 == kSteps;
    constexpr int kSamples = SamplesMoved(kStep), kWeights = WeightsMoved(kStep);
    constexpr int kLate = kLast ? 0 : LateWord(kStep + 1) - kSamples;
    constexpr bool kReaches = kLate <= kFarthest;
    constexpr int kWeightsAt = 16 * kStep - 4 * kWeights;
    FirstHalf<kStep == 0, 4 * (EarlyWord(kStep) - kSamples), kWeightsAt + 8>(at, sums);
    SecondHalf<kStep == 0, kLast || !kReaches, 4 * kLate, kWeightsAt + 16>(at, sums);
    if constexpr (!kLast) {
      at.samples += SamplesMoved(kStep + 1) - kSamples;
      at.weights += WeightsMoved(kStep + 1) - kWeights;
      if constexpr (SamplesMoved(kStep + 1) != kSamples) Hide(at);
      if constexpr (!kReaches) {
        at.late = at.samples[kLate + kSamples - SamplesMoved(kStep + 1)];
        at.even = at.weights[4 * (kStep + 1) - WeightsMoved(kStep + 1)];
        at.odd = at.weights[4 * (kStep + 1) - WeightsMoved(kStep + 1) + 1];
      }
      AccumulateFrom<kStep + 1>(at, sums);
    } else {
      at.samples -= kSamples;
      at.weights -= kWeights;
    }
  }
};

}  // namespace gritspace
