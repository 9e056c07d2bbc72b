// SPDX-License-Identifier: MIT
// LADSPA plug-ins for tests: one that is well but late, inverted and offset, and several that are
// faulty. Depends on nothing; the structure is that of ladspa.h 1.1.
#include <cmath>
#include <cstdlib>

namespace {

constexpr int kInput = 1, kOutput = 2, kControl = 4, kAudio = 8;
constexpr unsigned long kLate = 23;  // samples

struct Instance {
  float* ports[3] = {};
  float history[kLate] = {};
  unsigned long position = 0;
};

struct Descriptor {
  unsigned long unique_id;
  const char* label;
  int properties;
  const char *name, *maker, *copyright;
  unsigned long port_count;
  const int* ports;
  const char* const* port_names;
  const void *hints, *data;
  void* (*instantiate)(const Descriptor*, unsigned long);
  void (*connect)(void*, unsigned long, float*);
  void (*activate)(void*);
  void (*run)(void*, unsigned long);
  void* unused[5];
};

void* Instantiate(const Descriptor*, unsigned long) { return new Instance; }
void* Refuse(const Descriptor*, unsigned long) { return nullptr; }
void Connect(void* instance, unsigned long port, float* data) {
  static_cast<Instance*>(instance)->ports[port] = data;
}

template <typename Wet>
void Fill(void* instance, unsigned long samples, Wet wet) {
  auto* self = static_cast<Instance*>(instance);
  for (unsigned long i = 0; i < samples; ++i) self->ports[1][i] = wet(self, self->ports[0][i]);
}

void RunWell(void* instance, unsigned long samples) {
  Fill(instance, samples, [](Instance* self, float dry) {
    float& oldest = self->history[self->position++ % kLate];
    const float late = oldest;
    oldest = dry;
    return 0.1f - 3.0f * std::tanh(*self->ports[2] * late);
  });
}
void RunCrash(void*, unsigned long) { std::abort(); }
void RunHang(void*, unsigned long) {
  for (volatile int forever = 0;;) forever = forever + 1;
}
void RunNan(void* instance, unsigned long samples) {
  Fill(instance, samples, [](Instance*, float) { return std::nanf(""); });
}
void RunAway(void* instance, unsigned long samples) {
  Fill(instance, samples, [](Instance*, float dry) { return 1e6f * dry; });
}
void RunNoise(void* instance, unsigned long samples) {
  Fill(instance, samples, [](Instance*, float) { return std::rand() / float(RAND_MAX) - 0.5f; });
}
// An envelope of 0.2 s sets the gain, as a compressor would.
void RunSlow(void* instance, unsigned long samples) {
  Fill(instance, samples, [](Instance* self, float dry) {
    float& envelope = self->history[0];
    envelope += 1e-4f * (std::fabs(dry) - envelope);
    return std::tanh(*self->ports[2] * dry) / (0.01f + envelope);
  });
}

constexpr int kMono[] = {kInput | kAudio, kOutput | kAudio, kInput | kControl};
constexpr int kTwoInputs[] = {kInput | kAudio, kInput | kAudio, kInput | kControl};
constexpr const char* kNames[] = {"in", "out", "drive"};

constexpr Descriptor Make(const char* label, const int* ports, void (*run)(void*, unsigned long),
                          void* (*instantiate)(const Descriptor*, unsigned long) = Instantiate) {
  return {1,      label,   0,       label,       "test",  "MIT",   3,   ports,
          kNames, nullptr, nullptr, instantiate, Connect, nullptr, run, {}};
}

const Descriptor kPlugins[] = {
    Make("well", kMono, RunWell),           Make("crash", kMono, RunCrash),
    Make("hang", kMono, RunHang),           Make("nan", kMono, RunNan),
    Make("away", kMono, RunAway),           Make("noise", kMono, RunNoise),
    Make("slow", kMono, RunSlow),           Make("two_inputs", kTwoInputs, RunWell),
    Make("refuse", kMono, RunWell, Refuse),
};

}  // namespace

extern "C" const Descriptor* ladspa_descriptor(unsigned long index) {
  return index < sizeof(kPlugins) / sizeof(kPlugins[0]) ? &kPlugins[index] : nullptr;
}
