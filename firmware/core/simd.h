// SPDX-License-Identifier: MIT
// The Cortex-M7's DSP instructions under their own names (Armv7-M Architecture Reference Manual,
// A7.7), each with a portable twin that gives the same result for every operand. Knows nothing of
// networks.
#pragma once

#include <cstdint>

#if defined(__ARM_FEATURE_DSP)
#define GRITSPACE_DSP 1
#else
#define GRITSPACE_DSP 0
#endif

namespace gritspace {

constexpr int32_t Bottom(uint32_t pair) { return static_cast<int16_t>(pair & 0xFFFF); }
constexpr int32_t Top(uint32_t pair) { return static_cast<int16_t>(pair >> 16); }
constexpr uint32_t Pair(int32_t bottom, int32_t top) {
  return (static_cast<uint32_t>(bottom) & 0xFFFF) | (static_cast<uint32_t>(top) << 16);
}

template <int kBits>
constexpr int32_t SaturateSigned(int32_t x) {
  constexpr int32_t kMax = static_cast<int32_t>((uint32_t{1} << (kBits - 1)) - 1);
  return x > kMax ? kMax : x < -kMax - 1 ? -kMax - 1 : x;
}

#if GRITSPACE_DSP
// The assembler's text, not the compiler's builtins: those would be free to become other
// instructions.
#define GRITSPACE_INSTRUCTION inline __attribute__((always_inline))

// sum + the products of both halves, modulo 2^32.
GRITSPACE_INSTRUCTION int32_t Smlad(uint32_t a, uint32_t b, int32_t sum) {
  int32_t result;
  asm("smlad %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
  return result;
}

// The product's upper 32 bits, rounded half up.
GRITSPACE_INSTRUCTION int32_t Smmulr(int32_t a, int32_t b) {
  int32_t result;
  asm("smmulr %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}

// The same plus `sum`, modulo 2^32.
GRITSPACE_INSTRUCTION int32_t Smmlar(int32_t a, int32_t b, int32_t sum) {
  int32_t result;
  asm("smmlar %0, %1, %2, %3" : "=r"(result) : "r"(a), "r"(b), "r"(sum));
  return result;
}

template <int kBits>  // to [-2^(kBits - 1), 2^(kBits - 1))
GRITSPACE_INSTRUCTION int32_t Ssat(int32_t x) {
  int32_t result;
  asm("ssat %0, %1, %2" : "=r"(result) : "n"(kBits), "r"(x));
  return result;
}

template <int kBits, int kShift>  // the same of x >> kShift
GRITSPACE_INSTRUCTION int32_t SsatAsr(int32_t x) {
  int32_t result;
  asm("ssat %0, %1, %2, asr %3" : "=r"(result) : "n"(kBits), "r"(x), "n"(kShift));
  return result;
}

template <int kBits>  // to [0, 2^kBits)
GRITSPACE_INSTRUCTION int32_t Usat(int32_t x) {
  int32_t result;
  asm("usat %0, %1, %2" : "=r"(result) : "n"(kBits), "r"(x));
  return result;
}

// The bottom halves of both, and the top halves of both, as a pair.
GRITSPACE_INSTRUCTION uint32_t Pkhbt(uint32_t bottom, uint32_t top) {
  uint32_t result;
  asm("pkhbt %0, %1, %2, lsl #16" : "=r"(result) : "r"(bottom), "r"(top));
  return result;
}
GRITSPACE_INSTRUCTION uint32_t Pkhtb(uint32_t bottom, uint32_t top) {
  uint32_t result;
  asm("pkhtb %0, %1, %2, asr #16" : "=r"(result) : "r"(top), "r"(bottom));
  return result;
}

// Halves added: modulo 2^16, and saturated.
GRITSPACE_INSTRUCTION uint32_t Sadd16(uint32_t a, uint32_t b) {
  uint32_t result;
  asm("sadd16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}
GRITSPACE_INSTRUCTION uint32_t Qadd16(uint32_t a, uint32_t b) {
  uint32_t result;
  asm("qadd16 %0, %1, %2" : "=r"(result) : "r"(a), "r"(b));
  return result;
}

template <int kBits>  // each half to [-2^(kBits - 1), 2^(kBits - 1))
GRITSPACE_INSTRUCTION uint32_t Ssat16(uint32_t a) {
  uint32_t result;
  asm("ssat16 %0, %1, %2" : "=r"(result) : "n"(kBits), "r"(a));
  return result;
}

// 1, or -1 when x is negative. The 1 is in a register, or the compiler would take two instructions.
GRITSPACE_INSTRUCTION int32_t SignOf(int32_t x) {
  int32_t one = 1;
  asm("" : "+r"(one));
  return one | (x >> 31);
}

#undef GRITSPACE_INSTRUCTION
#else

inline int32_t Smlad(uint32_t a, uint32_t b, int32_t sum) {
  const int64_t products = int64_t{Bottom(a)} * Bottom(b) + int64_t{Top(a)} * Top(b);
  return static_cast<int32_t>(static_cast<uint32_t>(sum + products));
}

inline int32_t Smmulr(int32_t a, int32_t b) {
  return static_cast<int32_t>((int64_t{a} * b + (int64_t{1} << 31)) >> 32);
}

inline int32_t Smmlar(int32_t a, int32_t b, int32_t sum) {
  return static_cast<int32_t>(static_cast<uint32_t>(Smmulr(a, b)) + static_cast<uint32_t>(sum));
}

template <int kBits>
int32_t Ssat(int32_t x) {
  return SaturateSigned<kBits>(x);
}

template <int kBits, int kShift>
int32_t SsatAsr(int32_t x) {
  return SaturateSigned<kBits>(x >> kShift);
}

template <int kBits>
int32_t Usat(int32_t x) {
  constexpr int32_t kMax = static_cast<int32_t>((uint32_t{1} << kBits) - 1);
  return x > kMax ? kMax : x < 0 ? 0 : x;
}

inline uint32_t Pkhbt(uint32_t bottom, uint32_t top) { return (bottom & 0xFFFF) | (top << 16); }
inline uint32_t Pkhtb(uint32_t bottom, uint32_t top) { return (bottom >> 16) | (top & 0xFFFF0000); }

inline uint32_t Sadd16(uint32_t a, uint32_t b) {
  return Pair(Bottom(a) + Bottom(b), Top(a) + Top(b));
}

inline uint32_t Qadd16(uint32_t a, uint32_t b) {
  return Pair(SaturateSigned<16>(Bottom(a) + Bottom(b)), SaturateSigned<16>(Top(a) + Top(b)));
}

template <int kBits>
uint32_t Ssat16(uint32_t a) {
  return Pair(SaturateSigned<kBits>(Bottom(a)), SaturateSigned<kBits>(Top(a)));
}

inline int32_t SignOf(int32_t x) { return x < 0 ? -1 : 1; }

#endif

}  // namespace gritspace
