# SPDX-License-Identifier: MIT
"""A player who never rests: knobs, CV, gate, button, MIDI, settings and music at random, the same for the same seed.

Depends on NumPy and the packets' definition. What it does to the panel is what hands, cables and a busy processor do:
slow turns, jumps, jitter of the ADC, fast and noisy CV, bouncing contacts, blocks that take too long.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from host_tools import protocol
from host_tools.framing import frame
from host_tools.module.panel import HIGHEST_CODE
from host_tools.packets import ADC_CHANNELS, GATE_MODES, INPUT_BUTTON, INPUT_GATE, POTS, PRESETS
from host_tools.playback import BUDGET_CYCLES, codec_samples, play_inputs

BLOCK_RATE_HZ = 1_000.0  # nearly: only what a CV's rate is counted in
JITTER = 48  # of a 16-bit code: 3 of a 12-bit ADC


class RandomPlayer:
    """Plays stretch after stretch; each goes on where the one before ended."""

    def __init__(self, recordings: Sequence[np.ndarray], seed: int) -> None:
        self._rng = np.random.default_rng(seed)
        self._recordings = recordings
        self._pots = np.full(len(POTS), HIGHEST_CODE / 2)

    def requests(self, settings: dict[str, Any]) -> bytes:
        """Bytes for the line: now and then MIDI, a preset recalled or stored, or settings made from these."""
        packets: list[tuple[float, str, dict[str, Any]]] = [
            (0.4, "MIDI", {"bytes": self._midi()}),
            (0.1, "RECALL_PRESET", {"index": int(self._rng.integers(PRESETS))}),
            (0.1, "STORE_PRESET", {"index": int(self._rng.integers(PRESETS))}),
            (0.2, "WRITE_SETTINGS", {"settings": self._changed(settings)}),
        ]
        return b"".join(
            frame(protocol.pack(name, 0, **values)) for often, name, values in packets if self._rng.random() < often
        )

    def _midi(self) -> list[int]:
        """Of which some means something."""
        start = self._rng.choice([0xB0, 0xC0, 0xF8, 0x14])
        controller = self._rng.choice([14, 15, 20, 21, 80, 81, 7])
        highest = self._rng.choice([PRESETS, 127])
        return [int(start), int(controller), *self._rng.integers(0, highest + 1, 3).tolist()]

    def _changed(self, settings: dict[str, Any]) -> dict[str, Any]:
        """All but the scheme, which golden could not follow; a calibration that is a little off."""

        def spot() -> dict[str, int]:
            x, y = self._rng.integers(-32_768, 32_768, 2).tolist()
            return {"x": x, "y": y}

        def near(name: str, low: int, high: int) -> list[int]:
            codes = np.asarray(settings[name])
            return (codes + self._rng.integers(low, high + 1, codes.shape)).tolist()

        return {
            **settings,
            "pot_low": near("pot_low", 0, 400),
            "pot_high": near("pot_high", -400, 0),
            "cv_zero": near("cv_zero", -200, 200),
            "cv_per_volt": near("cv_per_volt", -150, 150),
            "presets": [spot() for _ in range(PRESETS)],
            "second_spot": spot(),
            "morph_time_ms": int(self._rng.choice([0, 30, 500, 10_000])),
            "gate_mode": int(self._rng.integers(len(GATE_MODES))),
        }

    def stretch(self, blocks: int, block_size: int) -> tuple[np.recarray, np.ndarray]:
        """Records for `HostLibrary.play` (blocks,) and samples of the codec (blocks, block_size)."""
        adc = np.empty((blocks, len(ADC_CHANNELS)))
        adc[:, : len(POTS)] = self._turned(blocks)
        for channel in range(len(POTS), len(ADC_CHANNELS)):
            adc[:, channel] = self._cv(blocks)
        adc += self._rng.integers(-JITTER, JITTER + 1, adc.shape)
        codes = np.clip(np.rint(adc), 0, HIGHEST_CODE).astype(np.uint16)
        return play_inputs(codes, self._switches(blocks), self._cycles(blocks)), self._music(blocks, block_size)

    def _turned(self, blocks: int) -> np.ndarray:
        """Pots (blocks, 6): some rest, some are turned to a new place in a while or at once."""
        targets = np.where(self._rng.random(len(POTS)) < 0.5, self._pots, self._rng.integers(0, HIGHEST_CODE + 1, 6))
        time = np.arange(blocks)[:, None] / self._rng.integers(1, blocks, len(POTS))
        paths = self._pots + (targets - self._pots) * np.clip(time, 0, 1)
        self._pots = targets
        return paths

    def _cv(self, blocks: int) -> np.ndarray:
        """One CV's codes (blocks,): open, a sine up to half the block rate, steps, or noise."""
        zero, amplitude = 33_105, self._rng.integers(0, 30_000)
        kind = self._rng.integers(4)
        if kind == 0:
            return np.full(blocks, zero)
        if kind == 1:
            rate_hz = 10 ** self._rng.uniform(-1, 2.7)
            return zero + amplitude * np.sin(2 * np.pi * rate_hz * np.arange(blocks) / BLOCK_RATE_HZ)
        if kind == 2:
            steps = self._rng.uniform(-1, 1, blocks // 50 + 1)
            return zero + amplitude * np.repeat(steps, 50)[:blocks]
        return zero + amplitude * self._rng.uniform(-1, 1, blocks)

    def _switches(self, blocks: int) -> np.ndarray:
        """Gate and button (blocks,): held for random times, with contacts that bounce."""
        inputs = np.zeros(blocks, np.uint8)
        for bit, often in ((INPUT_GATE, 0.6), (INPUT_BUTTON, 0.3)):
            if self._rng.random() < often:
                start, length = self._rng.integers(0, blocks), self._rng.integers(2, 900)
                held = slice(start, start + length)
                inputs[held] |= bit
                inputs[start : start + 3] &= ~np.uint8(bit * self._rng.integers(0, 2))
        return inputs

    def _cycles(self, blocks: int) -> np.ndarray:
        """Time that blocks took (blocks,): within the budget, but for a few in some stretches."""
        cycles = np.full(blocks, BUDGET_CYCLES // 2)
        if self._rng.random() < 0.2:
            start = self._rng.integers(0, blocks)
            cycles[start : start + self._rng.integers(1, 5)] = 2 * BUDGET_CYCLES
        return cycles

    def _music(self, blocks: int, block_size: int) -> np.ndarray:
        """Samples (blocks, block_size): a piece of a recording at any level, noise, silence, or a lasting DC."""
        count = blocks * block_size
        kind = self._rng.random()
        if kind < 0.7:
            recording = self._recordings[int(self._rng.integers(len(self._recordings)))]
            sound = np.resize(np.roll(recording, -int(self._rng.integers(recording.size))), count)
            sound = sound * 10 ** self._rng.uniform(-2, 0.3)
        elif kind < 0.85:
            sound = self._rng.uniform(-1, 1, count) * 10 ** self._rng.uniform(-3, 0.1)
        else:
            sound = np.full(count, self._rng.choice([0.0, 0.5, -1.0]))
        return codec_samples(sound).reshape(blocks, block_size)
