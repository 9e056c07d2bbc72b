// SPDX-License-Identifier: MIT
// Interrupts are masked for as long as one of these lives. On a host there are none. Depends on
// nothing.
#pragma once

namespace gritspace {

class Masked {
 public:
#ifdef __arm__
  Masked() { __asm__ volatile("cpsid i" ::: "memory"); }
  ~Masked() { __asm__ volatile("cpsie i" ::: "memory"); }
#else
  Masked() {}
  ~Masked() {}
#endif
  Masked(const Masked&) = delete;
  Masked& operator=(const Masked&) = delete;
};

}  // namespace gritspace
