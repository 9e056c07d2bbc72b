# SPDX-License-Identifier: MIT
"""A recording through the whole module, offline: knobs that stay, CVs and a gate that move, a preset. To a WAV.

Depends on `boards`, which play it in bulk or over packets, and on `audio`, `cv_sources` and `module`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import Progress

from host_tools import boards
from host_tools.audio import load_audio, save_audio
from host_tools.device import SchemeInfo
from host_tools.errors import UserError
from host_tools.firmware import EMULATED
from host_tools.module.client import ModuleClient, Settings
from host_tools.module.cv_sources import GATE_HIGH_VOLTS, UNPLUGGED, cv_source, gate_source
from host_tools.module.panel import Panel
from host_tools.packets import FLAGS, INPUT_GATE, POTS
from host_tools.playback import CODEC_FULL_SCALE, codec_samples, play_inputs

# The module is silent for 200 ms after power-up and fades in over 50: this long it plays before the recording begins.
SETTLE_S = 0.3


@dataclass(frozen=True)
class Patch:
    """What is done to the module: hands on the panel, names of what is plugged in, a preset 1..8."""

    knobs: Panel
    cv_x: str | None = None
    cv_y: str | None = None
    gate: str | None = None
    preset: int | None = None


@dataclass(frozen=True, eq=False)
class Take:
    """A recording and its patch as a module reads them, block by block; the first `settling` blocks come before it."""

    inputs: np.ndarray  # (blocks,) records of PLAY_INPUT
    dry: np.ndarray  # (blocks, block_size) samples of the codec
    settling: int
    samples: int
    notes: tuple[str, ...]

    def cut(self, wet: np.ndarray) -> np.ndarray:
        """The recording's part of wet blocks, as real samples."""
        return wet[self.settling :].reshape(-1)[: self.samples] / CODEC_FULL_SCALE


def parse_knobs(words: Sequence[str]) -> Panel:
    """A panel from `NAME=TRAVEL` words, travel 0..1; other knobs stay as a Panel has them."""
    travel: dict[str, Any] = {}
    for word in words:
        name, _, number = word.partition("=")
        try:
            value = float(number)
        except ValueError:
            value = -1.0
        if name not in POTS or not 0 <= value <= 1:
            raise UserError(f"{word} turns no knob; give NAME=0 to NAME=1, of {', '.join(POTS)}")
        travel[name] = value
    return Panel(**travel)


def play(
    dry_path: Path | str,
    wet_path: Path | str,
    board: str,
    patch: Patch,
    *,
    factory: bool = False,
    storage: Path | None = None,
    console: Console | None = None,
) -> tuple[str, ...]:
    """Writes what the module makes of `dry_path` to `wet_path`, a 24-bit WAV as long as that, whole or not at all.

    With the board's stored settings, or `factory` ones. Returns notes on what was done. UserError for what is not
    usable, LinkError for a board that is not there.
    """
    if Path(wet_path).suffix.lower() != ".wav":
        raise UserError(f"{wet_path}: play writes WAV; give a name that ends in .wav")
    in_bulk = board in EMULATED and patch.preset is None
    with boards.open_board(board, storage=storage) as device:
        client = ModuleClient(device)
        model = client.model
        settings = client.factory_settings() if factory else client.settings()
        take = prepare(dry_path, patch, settings, model)
        if not in_bulk:
            wet, flags = _play_over_link(client, take, patch.preset, factory, console)
    if in_bulk:
        with _progress(console) as progress:
            progress.add_task(board, total=None)
            wet, outputs = boards.play(board, take.inputs, take.dry, factory=factory, storage=storage)
            flags = outputs["flags"]
    save_audio(wet_path, take.cut(wet), model.sample_rate)
    clipped = np.mean(flags[take.settling :] & FLAGS["CLIP"] != 0)
    clip_note = (f"the clip light was on for {clipped:.0%} of the time",) if clipped else ()
    return *take.notes, *clip_note, f"as on the module, the sound comes {model.latency_samples} samples late"


def _progress(console: Console | None) -> Progress:
    """A bar that goes when all is done; none where nobody watches."""
    return Progress(console=console, transient=True, disable=console is None or not console.is_terminal)


def _play_over_link(
    client: ModuleClient, take: Take, preset: int | None, factory: bool, console: Console | None
) -> tuple[np.ndarray, np.ndarray]:
    client.power_up(factory)
    if preset is not None:
        client.recall(preset)
    with _progress(console) as progress:
        task = progress.add_task(client.device.name, total=len(take.dry))
        return client.play(take.inputs, take.dry, lambda done, _: progress.update(task, completed=done))


def prepare(dry_path: Path | str, patch: Patch, settings: Settings, model: SchemeInfo) -> Take:
    """Reads the files of a patch and turns everything into what the module's converters would give."""
    audio = load_audio(dry_path, model.sample_rate, allow_silence=True)
    sources = [UNPLUGGED if name is None else cv_source(name, model.sample_rate) for name in (patch.cv_x, patch.cv_y)]
    gate = UNPLUGGED if patch.gate is None else gate_source(patch.gate, model.sample_rate)

    settling = math.ceil(SETTLE_S * model.sample_rate / model.block_size)
    blocks = settling + math.ceil(audio.samples.size / model.block_size)
    dry = np.zeros(blocks * model.block_size)
    dry[settling * model.block_size :][: audio.samples.size] = audio.samples
    codes = codec_samples(dry)

    times_s = np.maximum(np.arange(blocks) - settling, 0) * (model.block_size / model.sample_rate)
    circuit = settings.circuit
    pots = np.broadcast_to(circuit.pot_codes(patch.knobs.travel), (blocks, len(POTS)))
    cvs = circuit.cv_codes(np.stack([source.volts(times_s) for source in sources], axis=1))
    high = (gate.volts(times_s) > GATE_HIGH_VOLTS) & (np.arange(blocks) >= settling)
    inputs = play_inputs(np.hstack([pots, cvs]), np.where(high, INPUT_GATE, 0))

    notes = tuple(filter(None, (audio.note, *(source.note for source in (*sources, gate)))))
    return Take(inputs, codes.reshape(blocks, -1), settling, audio.samples.size, notes)
