// SPDX-License-Identifier: MIT
// STAND-IN for libDaisy's header and for the registers behind it, so that the board's own logic can
// be compiled and run on a host. Written from libDaisy's documentation; it has what
// firmware/boards/daisy_seed uses, behaves as a Seed would as far as tests look, and proves nothing
// about libDaisy itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#define DMA_BUFFER_MEM_SECTION

// What the tests see and set.
struct StandIn {
  static constexpr size_t kFlashBytes = 8U << 20;

  uint32_t now_ms;
  bool boosted, in_bootloader, pend_sv;

  std::vector<uint8_t> adc_pins, input_pins, pwm_pins, pwm_channels;
  uint16_t codes[16];
  bool levels[256];
  float brightness[5];  // by channel, from 1
  float cv_out[3];      // volts, by channel, from 1

  int32_t *dma_received, *dma_sent;
  size_t dma_size;
  void (*dma_callback)(int32_t*, int32_t*, size_t);

  void (*usb_callback)(uint8_t*, uint32_t*);
  const uint8_t* usb_sending;  // where it still reads from, until the host has taken the bytes
  size_t usb_sending_bytes;

  std::vector<uint8_t> flash;   // the chip
  std::vector<uint8_t> mapped;  // and what the processor's cache has of it
  bool flash_refuses;
};
inline StandIn stand_in;

// Arm's and ST's.
enum IRQn_Type {
  PendSV_IRQn = -2,
  OTG_FS_EP1_OUT_IRQn = 98,
  OTG_FS_EP1_IN_IRQn,
  OTG_FS_IRQn = 101
};
inline int interrupt_priorities[128];
inline void NVIC_SetPriority(IRQn_Type interrupt, uint32_t priority) {
  interrupt_priorities[interrupt + 2] = static_cast<int>(priority);
}
struct Registers {
  uint32_t KR, PR, RLR, RSR, DEMCR, LAR, CTRL, CYCCNT, FPDSCR, VTOR, ICSR;
};
inline Registers registers;
inline Registers *const IWDG1 = &registers, *const RCC = &registers, *const CoreDebug = &registers,
                        *const DWT = &registers, *const FPU = &registers, *const SCB = &registers;
inline constexpr uint32_t RCC_RSR_RMVF = 1U << 16, RCC_RSR_SFTRSTF = 1U << 24,
                          RCC_RSR_IWDG1RSTF = 1U << 26;
inline constexpr uint32_t CoreDebug_DEMCR_TRCENA_Msk = 1U << 24, DWT_CTRL_CYCCNTENA_Msk = 1;
inline constexpr uint32_t FPU_FPDSCR_FZ_Msk = 1U << 24, SCB_ICSR_PENDSVSET_Msk = 1U << 28;
inline uint32_t SystemCoreClock = 480'000'000;
inline uint32_t fpscr;
inline uint32_t __get_FPSCR() { return fpscr; }
inline void __set_FPSCR(uint32_t value) { fpscr = value; }
inline void __WFI() {}
inline void __DSB() {}
[[noreturn]] inline void NVIC_SystemReset() { __builtin_abort(); }
inline void SCB_InvalidateDCache_by_Addr(void* address, int32_t count) {
  const auto offset = static_cast<uint8_t*>(address) - stand_in.mapped.data();
  std::memcpy(address, stand_in.flash.data() + offset, static_cast<size_t>(count));
}

namespace daisy {

enum GPIOPort { PORTA, PORTB, PORTC, PORTD, PORTE, PORTF, PORTG };

struct Pin {
  Pin() = default;
  Pin(uint8_t of_seed) : number(of_seed) {}
  Pin(GPIOPort port, uint8_t pin) : number(static_cast<uint8_t>(16 * port + pin)) {}
  uint8_t number;
};

struct GPIO {
  enum class Mode { INPUT, OUTPUT };
  enum class Pull { NOPULL, PULLUP, PULLDOWN };
  void Init(Pin to, Mode, Pull) {
    pin = to;
    stand_in.input_pins.push_back(to.number);
  }
  bool Read() { return stand_in.levels[pin.number]; }
  Pin pin;
};

struct AdcChannelConfig {
  void InitSingle(Pin to) { pin = to; }
  Pin pin;
};

struct AdcHandle {
  enum OverSampling { OVS_NONE, OVS_32 };
  void Init(AdcChannelConfig* channels, size_t count, OverSampling) {
    for (size_t i = 0; i < count; ++i) stand_in.adc_pins.push_back(channels[i].pin.number);
  }
  void Start() {}
  uint16_t Get(uint8_t channel) const { return stand_in.codes[channel]; }
};

struct PWMHandle {
  struct Config {
    enum class Peripheral { TIM_3, TIM_4, TIM_5 };
    explicit Config(Peripheral) {}
  };
  struct Channel {
    struct Config {
      explicit Config(Pin to) : pin(to) {}
      Pin pin;
    };
    void Init(const Config& config) {
      stand_in.pwm_pins.push_back(config.pin.number);
      stand_in.pwm_channels.push_back(static_cast<uint8_t>(number));
    }
    void Set(float value) { stand_in.brightness[number] = value; }
    int number;
  };
  void Init(const Config&) {}
  Channel& Channel1() { return channels[0]; }
  Channel& Channel2() { return channels[1]; }
  Channel& Channel3() { return channels[2]; }
  Channel& Channel4() { return channels[3]; }
  Channel channels[4] = {{1}, {2}, {3}, {4}};
};

struct SaiHandle {
  struct Config {
    enum class Peripheral { SAI_1 };
    enum class SampleRate { SAI_48KHZ };
    enum class BitDepth { SAI_24BIT };
    enum class Sync { MASTER, SLAVE };
    enum class Direction { TRANSMIT, RECEIVE };
    Peripheral periph;
    SampleRate sr;
    BitDepth bit_depth;
    Sync a_sync, b_sync;
    Direction a_dir, b_dir;
    struct {
      Pin fs, mclk, sck, sa, sb;
    } pin_config;
  };
  void Init(const Config&) {}
  void StartDma(int32_t* received, int32_t* sent, size_t size,
                void (*callback)(int32_t*, int32_t*, size_t)) {
    stand_in.dma_received = received;
    stand_in.dma_sent = sent;
    stand_in.dma_size = size;
    stand_in.dma_callback = callback;
  }
};

struct UsbHandle {
  enum class Result { OK, ERR };
  enum UsbPeriph { FS_INTERNAL };
  void Init(UsbPeriph) {}
  void SetReceiveCallback(void (*callback)(uint8_t*, uint32_t*), UsbPeriph) {
    stand_in.usb_callback = callback;
  }
  // Sends later, from where the bytes are.
  Result TransmitInternal(uint8_t* bytes, size_t count) {
    ++stand_in.now_ms;
    if (stand_in.usb_sending != nullptr) return Result::ERR;
    stand_in.usb_sending = bytes;
    stand_in.usb_sending_bytes = count;
    return Result::OK;
  }
};

struct QSPIHandle {
  enum Result { OK, ERR };
  void* GetData(uint32_t offset) { return stand_in.mapped.data() + offset; }
  Result EraseSector(uint32_t address) {
    if (stand_in.flash_refuses) return ERR;
    std::memset(stand_in.flash.data() + address, 0xFF, 4096);
    return OK;
  }
  Result Write(uint32_t address, uint32_t count, uint8_t* bytes) {
    if (stand_in.flash_refuses) return ERR;
    for (uint32_t i = 0; i < count; ++i) stand_in.flash[address + i] &= bytes[i];
    return OK;
  }
};

struct System {
  enum class BootloaderMode { STM };
  static void ResetToBootloader(BootloaderMode) { stand_in.in_bootloader = true; }
  static uint32_t GetNow() { return stand_in.now_ms; }
};

struct DaisySeed {
  static Pin GetPin(uint8_t number) { return Pin(number); }
  void Init(bool boost) { stand_in.boosted = boost; }
  SaiHandle AudioSaiHandle() const { return {}; }
  QSPIHandle qspi;
  AdcHandle adc;
};

}  // namespace daisy
