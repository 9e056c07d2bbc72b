# SPDX-License-Identifier: MIT
"""The whole module at the other end of a Device: its status, settings and presets, its panel, and audio through it.

Depends on `device`, `packets`, `panel` and NumPy. Turns what crosses the link into what people mean; prints nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import fields, make_dataclass
from typing import Any, NamedTuple

import numpy as np

from host_tools.device import Device, Progress, SchemeInfo
from host_tools.errors import LinkError, UserError
from host_tools.module.panel import Circuit
from host_tools.packets import BASES, FAULTS, FLAGS, PRESETS, SETTINGS, STATUS, Struct

SPOT_SCALE = 32_768  # the integer of the map's edge, were there one more
PEAK_SCALE = 32_768  # of full scale
NO_PRESET = 255
MIDI_CONTROL_CHANGE, MIDI_BYPASS = 0xB0, 81  # the latter of the module's own
STALLED_S = 2.0  # after which a module does not play


class Spot(NamedTuple):
    """A place on the map; -1 and 1 are its edges."""

    x: float
    y: float


def _mirror(part: Struct) -> Any:
    """A frozen dataclass with the fields of a struct. Several values are a tuple, a SPOT is a Spot."""
    return make_dataclass(part.name.capitalize(), [field.name for field in part.fields], frozen=True)


_SettingsFields: Any = _mirror(SETTINGS)
_StatusFields: Any = _mirror(STATUS)


class Settings(_SettingsFields):
    """What the module remembers, with the fields of packets.SETTINGS. `dataclasses.replace` changes some of them."""

    @property
    def circuit(self) -> Circuit:
        """Of this module, as it was calibrated."""
        return Circuit(self.pot_low, self.pot_high, self.cv_zero, self.cv_per_volt)


class Status(_StatusFields):
    """The module at a moment, with the fields of packets.STATUS.

    `flags` is a frozenset of names, `base` and `fault` are names, `preset` is 1..8 or None; peaks are 1 at full scale.
    """

    @property
    def load(self) -> float | None:
        """Share of a block's time that was used, on average. None: the board has no clock."""
        return self.mean_cycles / self.budget_cycles if self.budget_cycles else None

    @property
    def worst_load(self) -> float | None:
        """The same, of the block that took longest."""
        return self.worst_cycles / self.budget_cycles if self.budget_cycles else None


class ModuleClient:
    """What can be asked of the module behind a Device. Anything that fails is a LinkError with its remedy."""

    def __init__(self, device: Device) -> None:
        self.device = device

    @property
    def model(self) -> SchemeInfo:
        """Sample rate, block size and latency: all schemes have the same. LinkError when there is no decoder."""
        return next(iter(self.device.schemes().values()))

    def status(self) -> Status:
        """The module after its last block."""
        return _status(self.device.request("READ_STATUS", "STATUS_IS"))

    def next_status(self) -> Status:
        """The module after a block that began after this call; as it is when it is on the bench.

        LinkError when it is live and plays no blocks.
        """
        started_s = time.monotonic()
        first = status = self.status()
        while "LIVE" in status.flags and status.blocks - first.blocks < 2:  # the first may have begun before
            if time.monotonic() - started_s > STALLED_S:
                raise LinkError(f"{self.device.name} plays no blocks; reset it and try again")
            status = self.status()
        return status

    def settings(self) -> Settings:
        """Those in use."""
        return _settings(self.device.request("READ_SETTINGS", "SETTINGS_ARE", factory=0))

    def write_settings(self, settings: Settings) -> None:
        """Puts them into use and has them remembered. LinkError when the module then tells of others."""
        wanted = {field.name: _sent(getattr(settings, field.name)) for field in fields(settings)}
        now = self.device.request("WRITE_SETTINGS", "SETTINGS_ARE", settings=wanted)
        if now["settings"] != wanted:
            raise LinkError(f"{self.device.name} has other settings than it was given; reset it and try again")

    def factory_settings(self) -> Settings:
        """What a new module has."""
        return _settings(self.device.request("READ_SETTINGS", "SETTINGS_ARE", factory=1))

    def recall(self, preset: int) -> Status:
        """Goes to a preset, 1..8."""
        return _status(self.device.request("RECALL_PRESET", "STATUS_IS", index=preset_index(preset)))

    def store(self, preset: int) -> Settings:
        """Makes a preset, 1..8, of the spot that CV is added to."""
        return _settings(self.device.request("STORE_PRESET", "SETTINGS_ARE", index=preset_index(preset)))

    def bypass(self, on: bool) -> None:
        """Switches bypass on or off, from the next block on."""
        channel = max(self.settings().midi_channel - 1, 0)
        value = 127 if on else 0
        self.device.request("MIDI", "STATUS_IS", bytes=[MIDI_CONTROL_CHANGE | channel, MIDI_BYPASS, value])

    def turn_panel(self, adc: Sequence[int], inputs: int) -> Status:
        """Turns the knobs of a board that has none; RefusalError REAL_PANEL when it has. `adc`: as ADC_CHANNELS."""
        return _status(self.device.request("PANEL", "STATUS_IS", adc=adc, inputs=inputs))

    def power_up(self, factory: bool = False) -> Status:
        """Takes the module from its codec and starts it as if it had just got power, for `play`.

        With factory settings nothing that is changed is remembered.
        """
        return _status(self.device.request("POWER_UP", "STATUS_IS", factory=int(factory)))

    def go_live(self) -> Status:
        """Gives the module back to its codec."""
        return _status(self.device.request("GO_LIVE", "STATUS_IS"))

    def play(
        self, inputs: np.ndarray, dry: np.ndarray, progress: Progress | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """Plays blocks over the link, continuing where the last call ended; call `power_up` first.

        `inputs` (blocks,) are records of PLAY_INPUT, whose cycles do not cross the link; `dry` (blocks, block_size) are
        samples of the codec. Returns wet like dry, and the flags' bits (blocks,).
        """
        wet, flags = np.empty(dry.shape, np.int32), np.empty(len(dry), np.uint16)
        for block, played in enumerate(self.device.stream("PLAY", "PLAYED", _play_requests(inputs, dry))):
            wet[block], flags[block] = played["wet"], played["flags"]
            if progress:
                progress(block + 1, len(dry))
        return wet, flags


def preset_index(preset: int) -> int:
    """The number on the wire, from 0, of a preset as people count, from 1. UserError when there is none such."""
    if not 1 <= preset <= PRESETS:
        raise UserError(f"there is no preset {preset}; they are numbered 1 to {PRESETS}")
    return preset - 1


def _play_requests(inputs: np.ndarray, dry: np.ndarray) -> Iterator[dict[str, Any]]:
    for panel, samples in zip(inputs, dry, strict=True):
        yield {"adc": panel["adc"].tolist(), "inputs": int(panel["inputs"]), "dry": samples.tolist()}


def _settings(reply: dict[str, Any]) -> Settings:
    return Settings(**{name: _received(value) for name, value in reply["settings"].items()})


def _status(reply: dict[str, Any]) -> Status:
    values = {name: _received(value) for name, value in reply["status"].items()}
    values["flags"] = frozenset(name for name, bit in FLAGS.items() if values["flags"] & bit)
    values["base"], values["fault"] = _named(BASES, values["base"]), _named(FAULTS, values["fault"])
    values["preset"] = None if values["preset"] == NO_PRESET else values["preset"] + 1
    for peak in ("input_peak", "output_peak"):
        values[peak] /= PEAK_SCALE
    return Status(**values)


def _named(names: tuple[str, ...], index: int) -> str:
    return names[index] if index < len(names) else f"number {index}"


def _received(value: Any) -> Any:
    """From the link: a struct is a SPOT, the only one within SETTINGS and STATUS."""
    if isinstance(value, dict):
        return Spot(value["x"] / SPOT_SCALE, value["y"] / SPOT_SCALE)
    return tuple(map(_received, value)) if isinstance(value, list) else value


def _sent(value: Any) -> Any:
    """To the link, the reverse of `_received`. An edge of the map is its last integer."""
    if isinstance(value, Spot):
        x, y = (min(round(axis * SPOT_SCALE), SPOT_SCALE - 1) for axis in value)
        return {"x": x, "y": y}
    return list(map(_sent, value)) if isinstance(value, tuple) else value
