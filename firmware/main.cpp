// SPDX-License-Identifier: MIT
// The firmware of every board with a processor of its own: wires the board to the core and loops.
// Depends on boards/board.h and core/; the host board is a library and has no main.
#include "boards/board.h"
#include "core/link.h"

int main() {
  namespace board = gritspace::board;

  board::Init();
  static gritspace::Link link({GRITSPACE_VERSION, board::kName});
  for (;;) {
    uint8_t byte = 0;
    while (board::Read(&byte)) {
      const gritspace::Bytes reply = link.Receive(byte);
      board::Write(reply.data, reply.size);
    }
    board::Wait();
  }
}
