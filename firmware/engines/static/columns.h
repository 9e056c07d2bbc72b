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

// What the next step works on. Weights follow each other in the order the steps want them: columns
// 1, 0, 3, 2, each a pair of input channels; column 1's is loaded one step ahead.
struct Operands {
  const uint32_t* samples;
  const uint32_t* weights;
  uint32_t early, late;  // a pair of channels at both times
  uint32_t weight;
};

#if GRITSPACE_DSP

// 8 SMLAD and 4 loads, with as many operands as the core has registers: it compiles from -O1 on,
// where none is kept for a frame pointer. The order is the best of a search with llvm-mca's
// Cortex-M7 model: with the load of the samples 13 instructions, 9 cycles. Double loads of the
// weights would save two instructions and cost two cycles; a pointer moved by every load costs
// three.
// clang-format off
#define GRITSPACE_SMLAD(sum, weight, sample, from) \
  "smlad %[" sum "], %[" weight "], %[" sample "], %[" from "]\n"
#define GRITSPACE_STEP(from0, from1, from2, from3) \
  "ldr %[w], [%[weights]], #16\n"                  \
  GRITSPACE_SMLAD("l1", "v", "late", from1)        \
  GRITSPACE_SMLAD("e1", "v", "early", "e1")        \
  "ldr %[v], [%[weights], #-12]\n"                 \
  GRITSPACE_SMLAD("l0", "w", "late", from0)        \
  GRITSPACE_SMLAD("e0", "w", "early", "e0")        \
  "ldr %[w], [%[weights], #-8]\n"                  \
  GRITSPACE_SMLAD("l3", "v", "late", from3)        \
  GRITSPACE_SMLAD("e3", "v", "early", "e3")        \
  "ldr %[v], [%[weights], #-4]\n"                  \
  GRITSPACE_SMLAD("l2", "w", "late", from2)        \
  GRITSPACE_SMLAD("e2", "w", "early", "e2")
// clang-format on

// kFirst: both times begin at the biases, which `sums.early` holds.
template <bool kFirst>
inline __attribute__((always_inline)) void Step(Operands& at, Sums& sums) {
  Columns& e = sums.early;
  Columns& l = sums.late;
  uint32_t w;
  if constexpr (kFirst) {
    asm volatile(GRITSPACE_STEP("e0", "e1", "e2", "e3")
                 : [e0] "+r"(e.c0), [e1] "+r"(e.c1), [e2] "+r"(e.c2), [e3] "+r"(e.c3),
                   [l0] "=&r"(l.c0), [l1] "=&r"(l.c1), [l2] "=&r"(l.c2), [l3] "=&r"(l.c3),
                   [w] "=&r"(w), [v] "+r"(at.weight), [weights] "+r"(at.weights)
                 : [early] "r"(at.early), [late] "r"(at.late)
                 : "memory");
  } else {
    asm volatile(GRITSPACE_STEP("l0", "l1", "l2", "l3")
                 : [e0] "+r"(e.c0), [e1] "+r"(e.c1), [e2] "+r"(e.c2), [e3] "+r"(e.c3),
                   [l0] "+r"(l.c0), [l1] "+r"(l.c1), [l2] "+r"(l.c2), [l3] "+r"(l.c3), [w] "=&r"(w),
                   [v] "+r"(at.weight), [weights] "+r"(at.weights)
                 : [early] "r"(at.early), [late] "r"(at.late)
                 : "memory");
  }
}
#undef GRITSPACE_STEP
#undef GRITSPACE_SMLAD

// Loads a pair of channels at two times, then moves on by kAdvance words. kLater: how many words
// further the later time lies; 1, or more when the two times are not of one pair of rows.
template <int kLater, int kAdvance>
inline __attribute__((always_inline)) void LoadSamples(Operands& at) {
  // Bytes by which the load itself, a double or a single one, can move its pointer.
  constexpr int kLimit = kLater == 1 ? 1020 : 255;
  constexpr bool kFits = -kLimit <= 4 * kAdvance && 4 * kAdvance <= kLimit;
  constexpr int kMove = kFits ? 4 * kAdvance : 4;
  if constexpr (kLater == 1) {
    asm volatile("ldrd %0, %1, [%2], %3"
                 : "=&r"(at.early), "=&r"(at.late), "+r"(at.samples)
                 : "n"(kMove)
                 : "memory");
  } else {
    at.late = at.samples[kLater];
    asm volatile("ldr %0, [%1], %2" : "=&r"(at.early), "+r"(at.samples) : "n"(kMove) : "memory");
  }
  if constexpr (!kFits) at.samples += kAdvance - 1;
}

#else

inline void AddColumn(Operands& at, int32_t& early, int32_t& late) {
  late = Smlad(at.weight, at.late, late);
  early = Smlad(at.weight, at.early, early);
  at.weight = *at.weights++;
}

template <bool kFirst>
void Step(Operands& at, Sums& sums) {
  if constexpr (kFirst) sums.late = sums.early;
  AddColumn(at, sums.early.c1, sums.late.c1);
  AddColumn(at, sums.early.c0, sums.late.c0);
  AddColumn(at, sums.early.c3, sums.late.c3);
  AddColumn(at, sums.early.c2, sums.late.c2);
}

template <int kLater, int kAdvance>
void LoadSamples(Operands& at) {
  at.early = at.samples[0];
  at.late = at.samples[kLater];
  at.samples += kAdvance;
}

#endif

// A dilated convolution's walk over the stream, for two neighbouring samples.
template <int kChannels, int kKernelSize, int kDilation>
class Taps {
 public:
  // First word of a tap, from the pair of rows whose output is formed. Tap kKernelSize is the first
  // tap of the next two outputs.
  static constexpr int FirstWord(int tap) {
    if (tap == kKernelSize) return FirstWord(0) + kChannels;
    const int rows_back = (kKernelSize - 1 - tap) * kDilation;
    return -(rows_back + 1) / 2 * kChannels + rows_back % 2;
  }

  // Audio thread. `sums.early` holds the biases, `at` points to the first tap's samples and to the
  // weights. Leaves `at.samples` where the next two outputs begin, and `at.weights` one word behind
  // the weights' end.
  [[gnu::always_inline]] static void Accumulate(Operands& at, Sums& sums) {
    at.weight = *at.weights++;
    AccumulateFrom<0>(at, sums);
  }

 private:
  static constexpr int kPairs = kChannels / 2;
  static constexpr int kSteps = kKernelSize * kPairs;

  template <int kStep>
  [[gnu::always_inline]] static void AccumulateFrom(Operands& at, Sums& sums) {
    constexpr int kTap = kStep / kPairs;
    constexpr bool kStraddles = (kKernelSize - 1 - kTap) * kDilation % 2 != 0;
    constexpr bool kLastOfTap = kStep % kPairs == kPairs - 1;
    constexpr int kToNextTap = FirstWord(kTap + 1) - FirstWord(kTap) - 2 * (kPairs - 1);
    LoadSamples<kStraddles ? kChannels - 1 : 1, kLastOfTap ? kToNextTap : 2>(at);
    Step<kStep == 0>(at, sums);
    if constexpr (kStep + 1 < kSteps) AccumulateFrom<kStep + 1>(at, sums);
  }
};

}  // namespace gritspace
