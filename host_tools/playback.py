# SPDX-License-Identifier: MIT
"""Records of a recording through the whole module, a block each: the twin of `firmware/boards/playback.h`.

Depends on NumPy and the packets' definition; plays nothing itself, see `boards.play`.
"""

from __future__ import annotations

import numpy as np

from host_tools.packets import ADC_CHANNELS, LATENT_SIZE

CODEC_FULL_SCALE = 1 << 23  # samples of the codec are integers of 24 bits
BUDGET_CYCLES = 1000  # of a block, for `cycles` below: they are thousandths of the time there is

PLAY_INPUT = np.dtype([("adc", "<u2", len(ADC_CHANNELS)), ("inputs", "u1"), ("cycles", "<u4")])
PLAY_OUTPUT = np.dtype(
    [("z", "<i2", LATENT_SIZE), ("flags", "<u2"), ("leds", "u1", 4), ("crossfaded", "u1"), ("rested", "u1")]
)


def play_inputs(adc: np.ndarray, inputs: np.ndarray | int = 0, cycles: np.ndarray | int = 0) -> np.recarray:
    """Records for `boards.play`: `adc` (blocks, 8) codes 0..65535, `inputs` INPUT_* bits, `cycles` blocks took."""
    records = np.zeros(len(adc), PLAY_INPUT)
    for name, values, low, high in (("adc", adc, 0, 0xFFFF), ("inputs", inputs, 0, 0xFF), ("cycles", cycles, 0, 2**32)):
        if np.min(values, initial=low) < low or np.max(values, initial=low) > high:
            raise ValueError(f"{name} goes beyond {low}..{high}")
        records[name] = values
    return records.view(np.recarray)


def codec_samples(sound: np.ndarray) -> np.ndarray:
    """Sound, full scale 1, as the codec's integers, int32; what is beyond full scale is clipped."""
    return np.clip(np.rint(sound * CODEC_FULL_SCALE), -CODEC_FULL_SCALE, CODEC_FULL_SCALE - 1).astype(np.int32)


def as_codec(blocks: np.ndarray) -> np.ndarray:
    """The codec's samples as int32, in one piece; ValueError when one does not fit 24 bits."""
    samples = np.ascontiguousarray(blocks, "<i4")
    if not np.array_equal(samples, np.clip(blocks, -CODEC_FULL_SCALE, CODEC_FULL_SCALE - 1)):
        raise ValueError("a sample of the codec does not fit 24 bits")
    return samples
