# SPDX-License-Identifier: MIT
"""Passages for the live firmware in QEMU, and what its runs tell: audio in, knobs, questions on the line, statuses."""

from typing import Any

import numpy as np
from hostile_line import answers

from host_tools import protocol
from host_tools.framing import PacketReader, frame
from host_tools.jobs import LiveRun
from host_tools.packets import ADC_CHANNELS

BLOCK = 48  # samples
SETTLED = 300  # blocks: the module is silent after power-up, then fades in
LOUD = 1 << 21
CV_ZERO = 33105  # code at 0 V of the factory's settings


def panel(**turned: int) -> list[int]:
    """Codes of a panel at noon with nothing patched, but for the channels that are named."""
    codes = dict.fromkeys(ADC_CHANNELS, 32768) | {"cv_x": CV_ZERO, "cv_y": CV_ZERO} | turned
    return [codes[channel] for channel in ADC_CHANNELS]


def turn(**turned: int) -> bytes:
    """The same as a packet on the line."""
    return frame(protocol.pack("PANEL", 1, adc=panel(**turned), inputs=0))


def noise(blocks: int, seed: int = 1) -> np.ndarray:
    """(blocks, BLOCK) samples of the codec, no two blocks alike."""
    return np.random.default_rng(seed).integers(-LOUD, LOUD, (blocks, BLOCK), dtype=np.int32)


QUESTION = frame(protocol.pack("READ_STATUS", 1))


def after(blocks: int) -> bytes:
    """A READ_STATUS that arrives not before this many blocks: a turn of the main loop takes more than 50 ns."""
    return bytes(blocks * 20_000) + QUESTION


def live_status(run: LiveRun, question: int = -1) -> dict[str, Any]:
    """The state that this READ_STATUS met, the last where none is named."""
    return dict(answers(PacketReader().feed(run.replies))[question].values["status"])
