// SPDX-License-Identifier: MIT
// Where QEMU's board keeps its storage: in RAM, and in a file where one is named.
#pragma once

namespace gritspace {

// From now on. The file has the bytes of all slots; false when it has fewer, or is not there.
bool KeepStorageIn(const char* file_name);

}  // namespace gritspace
