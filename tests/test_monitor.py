# SPDX-License-Identifier: MIT
"""What `gritspace monitor` shows: everything there is, within 80 columns, and in words where nobody watches."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import count

import pytest
from rich.console import Console
from stand_ins import StandInModule

from host_tools import boards
from host_tools.device import Device
from host_tools.module.client import ModuleClient, Status
from host_tools.module.map_drawing import HEIGHT, WIDTH, draw_map
from host_tools.module.monitor import HELD_S, Meter, draw, monitor, snapshot
from host_tools.module.panel import Panel


def terminal(wide: bool = True) -> Console:
    return Console(file=io.StringIO(), width=80, force_terminal=wide, no_color=True, highlight=False)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def text_of(shown: object) -> str:
    console = terminal(False)
    console.print(shown)
    return written(console)


@pytest.fixture
def client() -> ModuleClient:
    return ModuleClient(Device(StandInModule()))


def status_of(client: ModuleClient, **changes: object) -> Status:
    return replace(client.status(), **changes)


def picture(client: ModuleClient, **changes: object) -> str:
    return text_of(draw("gritspace", status_of(client, **changes), client.settings(), (Meter(), Meter())))


def test_the_map_has_its_corners_in_the_corners() -> None:
    lines = draw_map([(-1, 1, "a"), (1, 1, "b"), (-1, -1, "c"), (1, -1, "d"), (0, 0, "e")])
    assert len(lines) == HEIGHT and {len(line) for line in lines} == {WIDTH}
    assert (lines[0][0], lines[0][-1], lines[-1][0], lines[-1][-1]) == ("a", "b", "c", "d")
    assert lines[HEIGHT // 2][WIDTH // 2] == "e"


def test_a_later_mark_covers_an_earlier() -> None:
    assert "a" not in "".join(draw_map([(0.5, 0.5, "a"), (0.51, 0.5, "b")]))


def test_a_meter_holds_a_peak_for_a_moment() -> None:
    meter = Meter()
    for peak, now_s, held in ((0.5, 0.0, 0.5), (0.1, HELD_S, 0.5), (0.1, HELD_S + 0.1, 0.1), (0.7, HELD_S + 0.2, 0.7)):
        meter.read(peak, now_s)
        assert meter.held == held


def test_the_picture_fits_eighty_columns(client: ModuleClient) -> None:
    everything = frozenset(["LIVE", "BYPASS", "FROZEN", "OVERLOAD", "CLIP", "GATE"])
    shown = picture(client, flags=everything, blocks=2**32 - 1, leds=(255, 128, 1, 0))
    assert max(map(len, shown.splitlines())) <= 80
    assert "X █  Y ▓  clip ░  on ·" in shown and "bypass · frozen · overload · clip" in shown
    assert "●" in shown and shown.count("╭") == 1


def test_troubles_are_told_in_words(client: ModuleClient) -> None:
    shown = picture(client, lost_blocks=3, overloads=1234, fault="settings lost")
    assert "3 lost blocks · 1,234 overloads · fault: settings lost" in shown
    assert "no fault" in picture(client)


def test_a_board_without_a_clock_says_so(client: ModuleClient) -> None:
    assert "load unknown: the board has no clock" in picture(client, budget_cycles=0)


@pytest.mark.parametrize("volts", [-5.0, -0.01, 0.0, 2.5])
def test_a_cv_is_told_in_volts_by_the_modules_calibration(client: ModuleClient, volts: float) -> None:
    settings = replace(client.settings(), cv_zero=(34_000, 33_105), cv_per_volt=(-5_700, -5_958))
    status = status_of(client, adc=tuple(settings.circuit.codes(Panel(cv_x=volts, cv_y=-volts))))
    rows = text_of(snapshot("title", status, settings, (Meter(), Meter()))).splitlines()
    told = {name: float(row.split()[1]) for name in ("cv_x", "cv_y") for row in rows if row.startswith(name)}
    assert told == pytest.approx({"cv_x": volts, "cv_y": -volts}, abs=0.001)
    assert not any("-0.000" in row for row in rows)


def test_silence_is_no_number(client: ModuleClient) -> None:
    assert picture(client, input_peak=0.0).count("-inf dB") == 2


def test_where_nobody_watches_one_table_is_printed(client: ModuleClient) -> None:
    client.recall(2)
    console = terminal(False)
    monitor(client, console, sleep=lambda seconds: None)
    shown = written(console)
    assert shown.startswith("gritspace 1.2.3 on stand-in") and "\x1b" not in shown
    for words in ("held by preset 2", "-6.0 dBFS", "-12.0 dBFS", "knob x      50%", "45%, worst 60%", "no fault"):
        assert words in shown


def test_a_module_on_the_bench_is_shown(client: ModuleClient) -> None:
    client.power_up()
    console = terminal(False)
    monitor(client, console, sleep=lambda seconds: None)
    assert "on the bench, its codec silent" in written(console)


def test_at_a_terminal_it_moves_until_the_time_is_over(client: ModuleClient) -> None:
    console, seconds = terminal(), count()
    monitor(client, console, seconds=20, clock=lambda: next(seconds), sleep=lambda seconds: None)
    assert written(console).count("╭─ map") > 3


def test_the_end_by_hand_leaves_the_cursor_visible(client: ModuleClient) -> None:
    def stop(seconds: float) -> None:
        raise KeyboardInterrupt

    console = terminal()
    with pytest.raises(KeyboardInterrupt):
        monitor(client, console, sleep=stop)
    assert written(console).rstrip().endswith("\x1b[?25h")


def test_a_live_module_is_shown() -> None:
    with boards.open_board("host") as device:
        client = ModuleClient(device)
        client.turn_panel(client.settings().circuit.codes(Panel(cv_x=1.0)), 0)
        console = terminal(False)
        monitor(client, console)
    rows = dict(row.split(maxsplit=1) for row in written(console).splitlines()[1:])
    assert rows["state"].strip() == "live" and rows["cv_x"].strip() == "+1.000 V"
    assert float(rows["input"].split()[0]) > -40 and float(rows["output"].split()[0]) > -60
