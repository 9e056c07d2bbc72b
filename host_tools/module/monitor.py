# SPDX-License-Identifier: MIT
"""The module as it plays, in a terminal: the map, meters, panel, load and faults. Only looks, changes nothing.

Depends on `module` and rich.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel as Box
from rich.table import Table
from rich.text import Text

from host_tools.module.client import ModuleClient, Settings, Status
from host_tools.module.map_drawing import WIDTH, draw_map
from host_tools.module.panel import CV_SPAN_VOLTS
from host_tools.packets import INPUT_BUTTON, INPUT_GATE, POTS

PERIOD_S = 0.1
SNAPSHOT_READINGS = 5  # half a second, so that there is something to have a peak
FLOOR_DB = -60.0  # the left end of a meter
HELD_S = 1.5  # for which a meter keeps showing a peak
BAR = 20  # characters
SHADES = "·░▒▓█"  # of a light, from dark to full
CVS = ("cv_x", "cv_y")


class Meter:
    """The peak of the last moments, for eyes that are slower than sound."""

    def __init__(self) -> None:
        self.held = 0.0
        self._since_s = -math.inf

    def read(self, peak: float, now_s: float) -> None:
        """Takes a peak, 1 at full scale, seen at a time in seconds."""
        if peak >= self.held or now_s - self._since_s > HELD_S:
            self.held, self._since_s = peak, now_s


def monitor(
    client: ModuleClient,
    console: Console,
    seconds: float | None = None,
    once: bool = False,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Shows the module until `seconds` are over, or until Ctrl-C; a plain table when asked or when nobody watches."""
    name, greeting, settings = client.device.name, client.device.hello(), client.settings()
    board = "" if name == greeting.board else f" ({greeting.board})"
    title = f"gritspace {greeting.firmware_version} on {name}{board}"
    meters = Meter(), Meter()

    def read() -> Status:
        sleep(PERIOD_S)
        status = client.next_status()
        for meter, peak in zip(meters, (status.input_peak, status.output_peak), strict=True):
            meter.read(peak, clock())
        return status

    if once or not console.is_terminal:
        status = [read() for _ in range(SNAPSHOT_READINGS)][-1]
        console.print(snapshot(title, status, settings, meters))
        return
    started_s = clock()
    with Live(console=console, auto_refresh=False) as live:
        while seconds is None or clock() - started_s < seconds:
            live.update(draw(title, read(), settings, meters), refresh=True)


def snapshot(title: str, status: Status, settings: Settings, meters: tuple[Meter, Meter]) -> Table:
    """Everything as two columns of words."""
    table = Table(title=title, title_justify="left", show_header=False, box=None, padding=(0, 2, 0, 0))
    for row in (
        ("state", ", ".join((_state(status), *_conditions(status)))),
        ("spot", _spot(status)),
        *(
            (name, f"{_decibels(meter.held)} dBFS peak")
            for name, meter in zip(("input", "output"), meters, strict=True)
        ),
        *((f"knob {name}", f"{turned:.0%}") for name, turned in _knobs(status, settings)),
        *((name, f"{volts:+.3f} V") for name, volts in _cvs(status, settings)),
        ("inputs", _inputs(status)),
        ("load", _load(status)),
        ("trouble", ", ".join(text for text, _ in _troubles(status))),
    ):
        table.add_row(*row)
    return table


def draw(title: str, status: Status, settings: Settings, meters: tuple[Meter, Meter]) -> RenderableType:
    """The same as a picture, within 80 columns."""
    drawn = Text("\n".join(draw_map([(*status.spot, "●")])))
    drawn.highlight_words(["●"], "bold yellow")
    sides = Table.grid(padding=(0, 2))
    sides.add_row(Box(drawn, width=WIDTH + 4, title="map", title_align="left"), _bars(status, settings, meters))
    conditions = Text(" · ".join(_conditions(status)), "bold")
    conditions.highlight_words(["overload", "clip"], "bold red")
    return Group(
        Text.assemble((title, "bold"), f" · {_state(status)} · block {status.blocks:,}"),
        sides,
        Text.assemble(f"spot {_spot(status)}  ", conditions),
        Text(" · ").join(
            [Text(f"load {_load(status)}"), *(Text(text, "bold red" if bad else "") for text, bad in _troubles(status))]
        ),
    )


def _bars(status: Status, settings: Settings, meters: tuple[Meter, Meter]) -> Table:
    grid = Table.grid(padding=(0, 1))
    grid.add_column()
    grid.add_column()
    grid.add_column(justify="right")
    for name, peak, meter in zip(("input", "output"), (status.input_peak, status.output_peak), meters, strict=True):
        colour = "red" if meter.held >= 0.99 else "green"
        grid.add_row(
            name, Text(_bar(0, _meter_place(peak), _meter_place(meter.held)), colour), f"{_decibels(meter.held)} dB"
        )
    grid.add_row()
    for name, turned in _knobs(status, settings):
        grid.add_row(name, Text(_bar(0, turned), "cyan"), f"{turned:.0%}")
    for name, volts in _cvs(status, settings):
        place = min(max(0.5 + volts / CV_SPAN_VOLTS / 2, 0.0), 1.0)
        grid.add_row(name, Text(_bar(min(0.5, place), max(0.5, place)), "magenta"), f"{volts:+.2f} V")
    grid.add_row("inputs", _inputs(status))
    lights = zip(("X", "Y", "clip", "on"), status.leds, strict=True)
    grid.add_row("lights", "  ".join(f"{name} {SHADES[-(-4 * led // 255)]}" for name, led in lights))
    return grid


def _bar(start: float, end: float, mark: float | None = None) -> str:
    """Filled from start to end, shares of its width, with a mark where something was."""
    first, last = round(start * BAR), round(end * BAR)
    characters = ["█" if first <= place < last else "·" for place in range(BAR)]
    if mark is not None and 0 < round(mark * BAR) > last:
        characters[round(mark * BAR) - 1] = "│"
    return "".join(characters)


def _meter_place(peak: float) -> float:
    return max(0.0, 1 - 20 * math.log10(peak) / FLOOR_DB) if peak > 0 else 0.0


def _decibels(peak: float) -> str:
    return f"{20 * math.log10(peak):.1f}" if peak > 0 else "-inf"


def _knobs(status: Status, settings: Settings) -> list[tuple[str, float]]:
    return list(zip(POTS, settings.circuit.travel(status.adc).tolist(), strict=True))


def _cvs(status: Status, settings: Settings) -> list[tuple[str, float]]:
    volts = settings.circuit.volts(status.adc).round(3) + 0.0  # no minus before zero
    return list(zip(CVS, volts.tolist(), strict=True))


def _state(status: Status) -> str:
    return "live" if "LIVE" in status.flags else "on the bench, its codec silent"


def _conditions(status: Status) -> list[str]:
    return [flag.lower() for flag in ("BYPASS", "FROZEN", "OVERLOAD", "CLIP") if flag in status.flags]


def _spot(status: Status) -> str:
    holder = f"preset {status.preset}" if status.base == "preset" else status.base
    return f"x {status.spot.x:+.2f} y {status.spot.y:+.2f}, held by {holder}"


def _inputs(status: Status) -> str:
    gate, button = (bool(status.inputs & bit) for bit in (INPUT_GATE, INPUT_BUTTON))
    return f"gate {'high' if gate else 'low'}, button {'down' if button else 'up'}"


def _load(status: Status) -> str:
    if status.load is None or status.worst_load is None:
        return "unknown: the board has no clock"
    return f"{status.load:.0%}, worst {status.worst_load:.0%}"


def _troubles(status: Status) -> tuple[tuple[str, bool], ...]:
    """In words, and whether it is one."""
    fault = "no fault" if status.fault == "none" else f"fault: {status.fault}"
    counts = (
        (f"{status.lost_blocks:,} lost blocks", status.lost_blocks),
        (f"{status.overloads:,} overloads", status.overloads),
    )
    return *((text, count > 0) for text, count in counts), (fault, status.fault != "none")
