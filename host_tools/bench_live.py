# SPDX-License-Identifier: MIT
"""What everything around the decoder costs on the Cortex-M7: controls, map, levels, mix, meters, lights, and the link.

Depends on `cortex_m7` and `cycle_model`, and on the firmware's image with the decoders that are built into it. The
decoder is cut out of the trace of a whole block; what is left is the live path.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np

from host_tools import cycle_model, protocol
from host_tools.bench_image import INFO, PREVIEW, PROCESS
from host_tools.cortex_m7 import CortexM7
from host_tools.framing import frame
from host_tools.packets import ADC_CHANNELS
from quantize.graph import SCHEMES

# C++'s names as the linker knows them.
LIVE, LINK = "_ZN12_GLOBAL__N_14liveE", "_ZN12_GLOBAL__N_14linkE"
POWER_UP = "_ZN9gritspace4Live7PowerUpEmb"
PLAY = "_ZN9gritspace4Live4PlayERKNS_10PanelInputEPKfPf"
RECEIVE = "_ZN9gritspace4Link7ReceiveEh"
PLAYED = (PROCESS, PREVIEW)  # each returns to the instruction after its call
SETTLING_BLOCKS = 320  # power-up has faded in by then
BLOCKS = 2  # measured of each kind

Result = TypeVar("Result")


@dataclass(frozen=True)
class LiveRow:
    """One part of a block's work. Cycles are a model's, None without it."""

    part: str
    instructions_per_sample: float
    model_cycles_per_sample: float | None


def firmware_models(elf_path: Path) -> dict[str, str]:
    """The model_id of each scheme's decoder in the firmware."""
    machine = CortexM7(elf_path)
    return {name: f"{_info(machine, scheme.code)[1]:08x}" for name, scheme in SCHEMES.items()}


def bench_live(elf_path: Path) -> tuple[LiveRow, ...]:
    """The module's block with the spot still and with a CV that moves it in every block, each less the decoder; the
    decoder while the spot moves; one status request of the link a block, which is a hundred times what a monitor asks.
    """
    machine = CortexM7(elf_path)
    machine.start()
    block_size = int(_info(machine, 0)[3] & 0xFFFF)
    machine.call(POWER_UP, machine.address(LIVE), 0, 0)
    audio = (0.3 * np.sin(np.arange(block_size) / 7)).astype(np.float32)
    for _ in range(SETTLING_BLOCKS):
        _play(machine.call, machine, audio, cv_code=33_000)
    still = [_play(machine.trace, machine, audio, cv_code=33_000) for _ in range(BLOCKS)]
    moving = [_play(machine.trace, machine, audio, cv_code=20_000 + 3_000 * block) for block in range(BLOCKS)]
    link = [_ask_status(machine)]

    def row(part: str, traces: Sequence[list[int]]) -> LiveRow:
        samples = len(traces) * block_size
        cycles = cycle_model.cycles(elf_path, *traces)
        known = None if cycles is None else round(sum(cycles) / samples, 1)
        return LiveRow(part, round(sum(map(len, traces)) / samples, 1), known)

    return (
        row("module around the decoder, spot still", [_without_decoder(machine, trace) for trace in still]),
        row("module around the decoder, spot moving", [_without_decoder(machine, trace) for trace in moving]),
        row("decoder, spot moving: two passes", [_only_decoder(machine, trace) for trace in moving]),
        row("link, a status request in every block", link),
    )


def _info(machine: CortexM7, scheme: int) -> np.ndarray:
    """The words of a decoder's ModelInfo: scheme, model_id, sample rate, block size and latency."""
    return machine.get(machine.call(INFO, scheme), 4, np.uint32)


def _play(run: Callable[..., Result], machine: CortexM7, audio: np.ndarray, cv_code: int) -> Result:
    """What the machine's `run`, `call` or `trace`, gives for one block with all knobs at noon and this code of CV X."""
    panel = np.full(len(ADC_CHANNELS) + 1, 32_768, np.uint16)
    panel[ADC_CHANNELS.index("mix")] = 50_000
    panel[ADC_CHANNELS.index("att_x")] = 65_535
    panel[ADC_CHANNELS.index("cv_x")] = cv_code
    panel[-1] = 0  # gate and button
    addresses = [machine.put(values) for values in (panel, audio, audio)]
    result = run(PLAY, machine.address(LIVE), *addresses)
    machine.forget()
    return result


def _ask_status(machine: CortexM7) -> list[int]:
    """The trace of a status request through the link, reply included."""
    reply = machine.put(np.zeros(2, np.uint32))  # where Receive leaves its result
    trace: list[int] = []
    for byte in frame(protocol.pack("READ_STATUS", 0)):
        trace += machine.trace(RECEIVE, reply, machine.address(LINK), byte)
    machine.forget()
    return trace


def _without_decoder(machine: CortexM7, trace: Sequence[int]) -> list[int]:
    return [address for address, inside in _marked(machine, trace) if not inside]


def _only_decoder(machine: CortexM7, trace: Sequence[int]) -> list[int]:
    return [address for address, inside in _marked(machine, trace) if inside]


def _marked(machine: CortexM7, trace: Sequence[int]) -> list[tuple[int, bool]]:
    """Each address with whether it was run by the decoder: from its first instruction to the one after its call."""
    entries = {machine.address(name) & ~1 for name in PLAYED}
    marked, back = [], None
    for before, address in zip([0, *trace], trace, strict=False):
        if back is None and address in entries:
            back = before + 4  # a BL takes four bytes
        elif address == back:
            back = None
        marked.append((address, back is not None))
    return marked
