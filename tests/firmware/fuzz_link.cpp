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

#include "core/framing.h"
#include "core/link.h"
#include "core/model_card.h"
#include "core/settings.h"
#include "core/storage.h"

namespace gritspace::storage {
namespace {

uint8_t sectors[kSectors][kSectorBytes];

}  // namespace

bool Read(int sector, size_t offset, void* bytes, size_t count) {
  std::memcpy(bytes, sectors[sector] + offset, count);
  return true;
}

bool Erase(int sector) {
  std::memset(sectors[sector], 0xFF, kSectorBytes);
  return true;
}

bool Program(int sector, size_t offset, const void* bytes, size_t count) {
  std::memcpy(sectors[sector] + offset, bytes, count);
  return true;
}

}  // namespace gritspace::storage

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

bool Is(int type, PacketType wanted) { return type == static_cast<int>(wanted); }

Packet StartPacket(PacketType type, int sequence) {
  Packet packet;
  Append(&packet, static_cast<int>(type), 1);
  Append(&packet, sequence, 2);
  return packet;
}

void AppendNoise(Packet* packet, int bytes) {
  for (int i = 0; i < bytes; ++i) packet->push_back(static_cast<uint8_t>(source()));
}

Packet RandomBlockOfDecoder(int sequence) {
  Packet process = StartPacket(PacketType::kProcess, sequence);
  const int limit = Random(16) == 0 ? 129 : 128;  // now and then outside int8
  const int samples = Random(40) == 0 ? Random(gritspace::protocol::kMaxBlockSize + 9) : 50;
  for (int i = 0; i < samples; ++i) Append(&process, Random(2 * limit) - limit, 2);
  return process;
}

Packet RandomBlockOfModule(int sequence) {
  Packet play = StartPacket(PacketType::kPlay, sequence);
  AppendNoise(&play, sizeof(gritspace::protocol::Play));
  const int limit = Random(16) == 0 ? (1 << 23) + 1 : 1 << 23;  // now and then outside 24 bits
  for (int i = 0; i < 48; ++i) Append(&play, Random(2 * limit) - limit, 4);
  return play;
}

Packet RandomSettings(int sequence) {
  Packet write = StartPacket(PacketType::kWriteSettings, sequence);
  gritspace::protocol::Settings settings = gritspace::FactorySettings();
  auto* bytes = reinterpret_cast<uint8_t*>(&settings);
  if (Random(2) == 0) bytes[Random(sizeof(settings))] = static_cast<uint8_t>(source());
  write.insert(write.end(), bytes, bytes + sizeof(settings));
  return write;
}

// Requests with a short payload of any value.
Packet RandomRequest(int sequence) {
  constexpr PacketType kTypes[] = {PacketType::kReadStatus,   PacketType::kReadSettings,
                                   PacketType::kRecallPreset, PacketType::kStorePreset,
                                   PacketType::kMidi,         PacketType::kPanel,
                                   PacketType::kGoLive};
  constexpr int kSizes[] = {0, 1, 1, 1, 9, 17, 0};
  const int which = Random(7);
  Packet request = StartPacket(kTypes[which], sequence);
  AppendNoise(&request, Random(20) == 0 ? Random(30) : kSizes[which]);
  if (kSizes[which] == 1) request.back() &= 15;
  return request;
}

// A model that loading_decoder.cpp plays, but for a byte now and then.
Packet RandomModel() {
  gritspace::ModelCard card{
      0x31435247, 1,          1,       48, 48000, 0, static_cast<uint16_t>(1 + Random(9)),
      1,          {-99, -99}, {99, 99}};
  gritspace::LoudnessMap loudness{-20, 20, {}, {}, {}};
  constexpr int kLast = gritspace::LoudnessMap::kColumns - 1;
  for (int i = 0; i <= kLast; ++i) {
    loudness.column_255th[i] = static_cast<uint8_t>(255 * i / kLast);
  }
  Packet model(sizeof(card) + sizeof(loudness));
  std::memcpy(model.data(), &card, sizeof(card));
  std::memcpy(model.data() + sizeof(card), &loudness, sizeof(loudness));
  AppendNoise(&model, 4);
  for (int i = 0; i < 48; ++i) Append(&model, i, 2);
  for (int i = 0; i < 48; ++i) Append(&model, card.channels + std::max(i - 1, 0), 2);
  if (Random(4) == 0) model[Random(static_cast<int>(model.size()))] ^= 1;
  return model;
}

// The steps of an upload, mostly one after the other.
Packet RandomStepOfUpload(int sequence) {
  static Packet model = RandomModel();
  static size_t sent = 0;
  static int step = 0, sector = 1;
  constexpr PacketType kSteps[] = {PacketType::kBeginModel, PacketType::kModelBytes,
                                   PacketType::kTryModel, PacketType::kKeepModel};
  if (Random(60) == 0) step = Random(4);
  Packet packet = StartPacket(kSteps[step], sequence);
  if (step == 0) {
    model = RandomModel();
    const bool right = Random(20) != 0;
    const auto size = static_cast<int>(model.size());
    Append(&packet, Random(20) == 0 ? Random(4) : 1, 1);
    Append(&packet, Random(65536), 4);
    Append(&packet, right ? size : Random(1 << 30) - (1 << 29), 4);
    Append(&packet, static_cast<int>(gritspace::Crc32(model.data(), model.size())), 4);
    sent = 0;
    step = 1;
  } else if (step == 1) {
    const size_t count = std::min<size_t>(900, model.size() - sent);
    Append(&packet, static_cast<int>(sent), 4);
    packet.insert(packet.end(), model.begin() + static_cast<std::ptrdiff_t>(sent),
                  model.begin() + static_cast<std::ptrdiff_t>(sent + count));
    sent += count;
    if (sent == model.size()) step = 2;
  } else if (step == 2) {
    step = 3;
    sector = 1;
  } else {
    Append(&packet, sector--, 1);
    if (sector < 0) step = 0;
  }
  return packet;
}

// Often well formed, so that mutations of it reach deep. Session says whose turn it is: a decoder's
// or a module's session begins rarely, and its blocks come often.
Packet RandomPacket(int sequence, bool plays_module) {
  if (Random(8) == 0) {
    Packet noise;
    AppendNoise(&noise, Random(Random(20) == 0 ? 9000 : 120));
    return noise;
  }
  if (Random(30) == 0) {
    Packet start =
        StartPacket(Random(2) == 0 ? PacketType::kReset : PacketType::kPowerUp, sequence);
    Append(&start, Random(3), 1);
    return start;
  }
  if (Random(10) == 0) return RandomSettings(sequence);
  if (Random(5) == 0) return RandomStepOfUpload(sequence);
  if (Random(4) == 0) return RandomRequest(sequence);
  return plays_module ? RandomBlockOfModule(sequence) : RandomBlockOfDecoder(sequence);
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
  static gritspace::Live live;
  live.PowerUp(0, false);
  static gritspace::Upload upload([] { return uint32_t{0}; }, &live);
  static Link link({"a version that is longer than its field", "fuzz", true}, &live, &upload);
  int blocks = 0, errors = 0, next = 0;
  bool plays_module = false;
  for (int i = 0; i < packets; ++i) {
    const Packet packet = RandomPacket(Random(50) == 0 ? Random(65536) : next, plays_module);
    Packet line = Framed(packet);
    Mutate(&line);
    Packet alone = line;  // in a buffer of its own, where the sanitizer sees one byte too far
    gritspace::Unframe(alone.data(), alone.size());
    int sequence = next - 1;
    const int type = Send(&link, line, &sequence);
    const bool played = Is(type, PacketType::kWet) || Is(type, PacketType::kPlayed);
    const bool powered_up = Is(type, PacketType::kStatusIs) && Is(packet[0], PacketType::kPowerUp);
    blocks += played ? 1 : 0;
    errors += Is(type, PacketType::kError) ? 1 : 0;
    if (played || powered_up || Is(type, PacketType::kReady)) next = (sequence + 1) & 0xFFFF;
    if (powered_up) plays_module = true;
    if (Is(type, PacketType::kReady)) plays_module = false;

    const int hello = Random(65536);
    int answered = 0;
    Packet knock = Framed(StartPacket(PacketType::kHello, hello));
    knock.insert(knock.begin(), gritspace::kDelimiter);
    if (!Is(Send(&link, knock, &answered), PacketType::kGreeting) || answered != hello) {
      std::fprintf(stderr, "no greeting after packet %d\n", i);
      return 1;
    }
  }
  const gritspace::ModelInfo& last = gritspace::decoder::Info(gritspace::Scheme::kInt16x8);
  std::printf("%d blocks played, %d refusals, model %u\n", blocks, errors, last.model_id);
  return 0;
}
