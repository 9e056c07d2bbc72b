// SPDX-License-Identifier: MIT
// Random, mutated and truncated packets into the link, for the sanitizers to watch: fuzz_link
// PACKETS SEED. After every packet, however bad, one whole HELLO must be answered. Prints what came
// back.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <vector>

#include "core/link.h"

namespace {

using gritspace::Bytes;
using gritspace::Link;
using gritspace::protocol::PacketType;

using Packet = std::vector<uint8_t>;

std::mt19937 source;

int Random(int below) { return static_cast<int>(source() % static_cast<uint32_t>(below)); }

void Append(Packet* packet, int value, int bytes) {
  for (int i = 0; i < bytes; ++i) packet->push_back(static_cast<uint8_t>(value >> (8 * i)));
}

Packet StartPacket(PacketType type, int sequence) {
  Packet packet;
  Append(&packet, static_cast<int>(type), 1);
  Append(&packet, sequence, 2);
  return packet;
}

// Often well formed, so that mutations of it reach deep.
Packet RandomPacket(int sequence) {
  if (Random(8) == 0) {
    Packet noise(Random(Random(20) == 0 ? 9000 : 120));
    for (uint8_t& byte : noise) byte = static_cast<uint8_t>(source());
    return noise;
  }
  if (Random(30) == 0) {
    Packet reset = StartPacket(PacketType::kReset, sequence);
    Append(&reset, Random(3), 1);
    return reset;
  }
  Packet process = StartPacket(PacketType::kProcess, sequence);
  const int limit = Random(16) == 0 ? 129 : 128;  // now and then outside int8
  const int samples = Random(40) == 0 ? Random(gritspace::protocol::kMaxBlockSize + 9) : 50;
  for (int i = 0; i < samples; ++i) Append(&process, Random(2 * limit) - limit, 2);
  return process;
}

Packet Framed(Packet packet) {
  const size_t size = packet.size();
  packet.resize(size + gritspace::protocol::kCrcBytes);
  Packet line(gritspace::FramedSize(size));
  line.resize(gritspace::Frame(packet.data(), size, line.data()));
  return line;
}

void Mutate(Packet* line) {
  if (Random(2) == 0) return;
  for (int flips = Random(3); flips > 0 && !line->empty(); --flips) {
    (*line)[Random(static_cast<int>(line->size()))] ^= static_cast<uint8_t>(1 << Random(8));
  }
  if (Random(4) == 0) line->resize(Random(static_cast<int>(line->size()) + 1));
  if (Random(8) == 0) {
    line->insert(line->begin() + Random(static_cast<int>(line->size()) + 1), Random(300),
                 static_cast<uint8_t>(source()));
  }
}

// The last reply's type, 0 when there was none. Ends the program when a reply is malformed.
int Send(Link* link, const Packet& line, int* sequence) {
  int type = 0;
  for (const uint8_t byte : line) {
    const Bytes reply = link->Receive(byte);
    if (reply.size == 0) continue;
    Packet copy(reply.data, reply.data + reply.size - 1);
    const size_t size = gritspace::Unframe(copy.data(), copy.size());
    if (reply.data[reply.size - 1] != 0 || size < sizeof(gritspace::protocol::Header)) {
      std::fprintf(stderr, "malformed reply\n");
      std::exit(1);
    }
    type = copy[0];
    *sequence = copy[1] | copy[2] << 8;
  }
  return type;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int packets = std::atoi(argv[1]);
  source.seed(static_cast<uint32_t>(std::atoi(argv[2])));
  static Link link({"a version that is longer than its field", "fuzz"});
  int wet = 0, errors = 0, next = 0;
  for (int i = 0; i < packets; ++i) {
    Packet line = Framed(RandomPacket(Random(50) == 0 ? Random(65536) : next));
    Mutate(&line);
    Packet alone = line;  // in a buffer of its own, where the sanitizer sees one byte too far
    gritspace::Unframe(alone.data(), alone.size());
    int sequence = next - 1;
    const int type = Send(&link, line, &sequence);
    wet += type == static_cast<int>(PacketType::kWet) ? 1 : 0;
    errors += type == static_cast<int>(PacketType::kError) ? 1 : 0;
    const bool carried_out = type != 0 && type != static_cast<int>(PacketType::kError);
    if (carried_out) next = (sequence + 1) & 0xFFFF;

    const int hello = Random(65536);
    int answered = 0;
    Packet knock = Framed(StartPacket(PacketType::kHello, hello));
    knock.insert(knock.begin(), gritspace::kDelimiter);
    if (Send(&link, knock, &answered) != static_cast<int>(PacketType::kGreeting) ||
        answered != hello) {
      std::fprintf(stderr, "no greeting after packet %d\n", i);
      return 1;
    }
  }
  std::printf("%d blocks played, %d refusals\n", wet, errors);
  return 0;
}
