// SPDX-License-Identifier: MIT
// Requests from the firmware to QEMU: files of the machine it runs on, the command line, the end.
// "Semihosting for AArch32 and AArch64", Arm IHI 0101; without a debugger or QEMU these calls trap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace gritspace::semihosting {

enum class Operation : uint32_t {
  kOpen = 0x01,
  kClose = 0x02,
  kWrite = 0x05,
  kRead = 0x06,
  kSeek = 0x0A,
  kFileLength = 0x0C,
  kGetCommandLine = 0x15,
  kExitExtended = 0x20,
};

// fopen's "rb", "r+b" and "wb"; QEMU takes "ab" for the last, without a word.
enum class Mode : uint32_t { kRead = 1, kUpdate = 3, kWrite = 5 };

inline int32_t Call(Operation operation, const void* argument) {
  register auto r0 __asm__("r0") = static_cast<uint32_t>(operation);
  register const void* r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xAB" : "+r"(r0) : "r"(r1) : "memory");
  return static_cast<int32_t>(r0);
}

// QEMU ends with this exit status.
[[noreturn]] inline void Exit(int32_t status) {
  constexpr uint32_t kApplicationExit = 0x20026;
  const uint32_t block[] = {kApplicationExit, static_cast<uint32_t>(status)};
  for (;;) Call(Operation::kExitExtended, block);
}

// A file's handle, negative when it cannot be opened.
inline int32_t Open(const char* name, Mode mode) {
  const struct {
    const char* name;
    Mode mode;
    size_t length;
  } block{name, mode, std::strlen(name)};
  return Call(Operation::kOpen, &block);
}

inline bool Close(int32_t handle) { return Call(Operation::kClose, &handle) == 0; }

// How many of `size` bytes were read: fewer at the end of the file.
inline size_t Read(int32_t handle, void* data, size_t size) {
  const struct {
    int32_t handle;
    void* data;
    size_t size;
  } block{handle, data, size};
  return size - static_cast<size_t>(Call(Operation::kRead, &block));
}

// How many of `size` bytes were written.
inline size_t Write(int32_t handle, const void* data, size_t size) {
  const struct {
    int32_t handle;
    const void* data;
    size_t size;
  } block{handle, data, size};
  return size - static_cast<size_t>(Call(Operation::kWrite, &block));
}

// From the file's beginning.
inline bool Seek(int32_t handle, size_t position) {
  const struct {
    int32_t handle;
    size_t position;
  } block{handle, position};
  return Call(Operation::kSeek, &block) == 0;
}

// To where the file ends.
inline bool SeekEnd(int32_t handle) {
  return Seek(handle, static_cast<size_t>(Call(Operation::kFileLength, &handle)));
}

// The words given to QEMU as -semihosting-config arg=..., separated by spaces.
inline bool GetCommandLine(char* text, size_t capacity) {
  struct {
    char* text;
    size_t capacity;
  } block{text, capacity};
  return Call(Operation::kGetCommandLine, &block) == 0;
}

}  // namespace gritspace::semihosting
