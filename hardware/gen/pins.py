# SPDX-License-Identifier: MIT
"""Reads pins.toml and refuses what no Seed can do. Depends on `seed`."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path

from hardware.gen import seed

HARDWARE = Path(__file__).resolve().parent.parent
KINDS = ("adc", "pwm", "digital_in", "audio_in", "audio_out")
_FIELDS = {"seed", "net", "kind", "volts"}


class PinError(ValueError):
    """A pin table that cannot be: one sentence with the pin's name and the remedy."""


@dataclass(frozen=True)
class Pin:
    name: str
    seed: str
    net: str
    kind: str
    volts: tuple[float, float]

    @property
    def place(self) -> int:
        """1 to 40 on the module."""
        return seed.place(self.seed)


def read_pins(path: Path | None = None) -> dict[str, Pin]:
    """The table by the pins' names, in its order. Raises PinError."""
    path = path or HARDWARE / "pins.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))["pins"]
    except (OSError, tomllib.TOMLDecodeError, KeyError) as error:
        raise PinError(f"{path.name} has no readable table [pins] ({error}); restore it with git checkout") from error
    pins = {name: _pin(name, row) for name, row in table.items()}
    for field in ("place", "net"):
        _refuse_doubles(pins, field)
    return pins


def _pin(name: str, row: dict) -> Pin:
    if set(row) != _FIELDS:
        raise PinError(f"pin {name} has the fields {sorted(row)}; give it {sorted(_FIELDS)}")
    known = {*seed.PORT, *seed.ANALOG, *seed.AUDIO_PLACES}
    if row["seed"] not in known:
        raise PinError(f"pin {name} is on {row['seed']}, which no Seed has; take one of D0..D30, A0..A11, IN_L, OUT_L")
    if row["kind"] not in KINDS:
        raise PinError(f"pin {name} is of kind {row['kind']}; take one of {', '.join(KINDS)}")
    volts = tuple(float(volt) for volt in row["volts"])
    if len(volts) != 2 or volts[0] >= volts[1]:
        raise PinError(f"pin {name} has volts {row['volts']}; give the least and the most")
    return Pin(name, row["seed"], row["net"], row["kind"], (volts[0], volts[1]))


def _refuse_doubles(pins: dict[str, Pin], field: str) -> None:
    seen: dict[object, str] = {}
    for name, pin in pins.items():
        value = getattr(pin, field)
        if value in seen:
            raise PinError(f"pins {seen[value]} and {name} have the same {field} ({value}); give one of them another")
        seen[value] = name
