// SPDX-License-Identifier: MIT
// What QEMU is asked to do by its semihosting command line, other than to be a module: batch work
// from file to file, for the bench. `[storage FILE] [JOB ...]`; without a job it is a module.
#pragma once

namespace gritspace {

// QEMU's exit status; those of failures are sysexits.h's.
enum class JobStatus { kDone = 0, kUsage = 64, kOutOfRange = 65, kFile = 74 };

// The words of a command line, cut off one by one.
class Words {
 public:
  explicit Words(char* text) : rest_(text) {}
  // nullptr when there is none.
  const char* Next();
  // A decimal number of up to nine digits, or -1.
  int NextNumber();

 private:
  char* rest_;
};

// Ends QEMU after the work; returns when the firmware is to run.
void DoJobs();

// Whether QEMU was asked to do anything but to be a module.
bool HasJob();

}  // namespace gritspace
