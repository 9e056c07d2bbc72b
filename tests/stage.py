# SPDX-License-Identifier: MIT
"""A stage for the whole module: hands and cables over time, a sound, and what is heard. For scenarios in words.

Plays the host library through `HostLibrary.play`, or the one that GRITSPACE_SCENARIO_LIBRARY names.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.signal import butter, sosfilt

from host_tools import protocol
from host_tools.firmware import build_firmware
from host_tools.framing import PacketReader, frame
from host_tools.host_library import HostLibrary
from host_tools.module.panel import Circuit, Panel
from host_tools.playback import CODEC_FULL_SCALE, play_inputs
from host_tools.protocol import Packet

BLOCK, RATE = 48, 48_000
BLOCK_S = BLOCK / RATE
NO_STEP = 10 ** (-60 / 20)  # -60 dBFS
HOME = Panel()  # knobs at noon, attenuverters and mix fully right, nothing patched


@dataclass(frozen=True)
class Take:
    """What one stretch of time gave: samples (blocks, 48) in full scales, and a value for each block."""

    dry: np.ndarray
    wet: np.ndarray
    z: np.ndarray  # (blocks, 2) the decoder's integers
    flags: np.ndarray
    leds: np.ndarray  # (blocks, 4)
    rested: np.ndarray
    decoded: np.ndarray  # (blocks, 48) the decoder's integers at the new z

    @property
    def heard(self) -> np.ndarray:
        return self.wet.reshape(-1)


class Stage:
    """The module from power-up, with factory settings changed as named."""

    def __init__(self, *, wait: bool = True, **settings: Any) -> None:
        named = os.environ.get("GRITSPACE_SCENARIO_LIBRARY")
        self._library = HostLibrary(Path(named) if named else build_firmware("host"))
        self._reader = PacketReader()
        self.settings = self.ask("READ_SETTINGS", factory=0).values["settings"]
        self.change(**settings)
        self._circuit = Circuit(*(self.settings[name] for name in ("pot_low", "pot_high", "cv_zero", "cv_per_volt")))
        self._library.power_up(factory=False)
        if wait:
            self.play(np.zeros(RATE // 2))

    def ask(self, name: str, **values: Any) -> Packet:
        """One packet over the link, and its reply."""
        (reply,) = self._reader.feed(self._library.receive(frame(protocol.pack(name, 0, **values))))
        packet = protocol.unpack(reply)
        assert packet.name != "ERROR", packet
        return packet

    def change(self, **settings: Any) -> None:
        """Writes settings."""
        self.settings = {**self.settings, **settings}
        self.ask("WRITE_SETTINGS", settings=self.settings)

    def play(self, sound: np.ndarray, cycles: int | np.ndarray = 0, jitter: int = 0, **hands: Any) -> Take:
        """Plays `sound` (samples,) in full scales while hands are as named: a value of Panel, or one for each block.

        `jitter`: of the ADC, in codes of 16 bits. `cycles`: that blocks take, of 1,000 that they may.
        """
        dry = np.rint(np.asarray(sound) * (CODEC_FULL_SCALE - 1)).astype(np.int32).reshape(-1, BLOCK)
        blocks = len(dry)
        steady = {name: value for name, value in hands.items() if np.ndim(value) == 0}
        moving = {name: value for name, value in hands.items() if np.ndim(value) > 0}
        panels = [
            replace(HOME, **steady, **{name: value[block] for name, value in moving.items()}) for block in range(blocks)
        ]
        adc = np.array([self._circuit.codes(panel) for panel in panels], np.int64)
        adc += np.random.default_rng(0).integers(-jitter, jitter + 1, adc.shape)
        inputs = play_inputs(np.clip(adc, 0, 65_535), np.array([panel.inputs for panel in panels]), cycles)
        taps = np.empty((blocks, 3, BLOCK), np.int16)
        wet, outputs = self._library.play(inputs, dry, taps)
        return Take(
            dry=dry / CODEC_FULL_SCALE,
            wet=wet / CODEC_FULL_SCALE,
            z=outputs["z"],
            flags=outputs["flags"],
            leds=outputs["leds"],
            rested=outputs["rested"],
            decoded=taps[:, 1],
        )

    def close(self) -> None:
        self._library.close()


def sine(seconds: float, frequency_hz: float = 110.0, level: float = 0.3) -> np.ndarray:
    """Whole blocks of a sine (samples,)."""
    samples = round(seconds / BLOCK_S) * BLOCK
    return level * np.sin(2 * np.pi * frequency_hz * np.arange(samples) / RATE)


def steps(signal: np.ndarray) -> np.ndarray:
    """From sample to sample (samples - 1,)."""
    return np.abs(np.diff(signal))


def clicks(signal: np.ndarray) -> np.ndarray:
    """What of a signal is above 6 kHz (samples,), magnitudes: a step of s comes out with a peak of about s, and a fade
    or a bent curve hardly at all."""
    return np.abs(sosfilt(butter(4, 6_000, "highpass", fs=RATE, output="sos"), signal))


def level_db(signal: np.ndarray) -> float:
    """Mean square in dB of full scale."""
    return 10 * float(np.log10(np.mean(np.square(signal)) + 1e-20))
