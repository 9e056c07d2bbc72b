# SPDX-License-Identifier: MIT
"""What a module remembers, from the command line: presets one by one and as files, settings by name."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stand_ins import StandInModule

from host_tools import cli
from host_tools.boards import open_board
from host_tools.device import Device, RefusalError
from host_tools.errors import UserError
from host_tools.module import commands
from host_tools.module.client import ModuleClient, Settings, Spot
from host_tools.module.presets import load_presets, save_presets, with_preset
from host_tools.module.settings import (
    LEAST_FULL_SCALE_VOLTS,
    MOST_FULL_SCALE_VOLTS,
    MOST_MORPH_MS,
    SETTABLE,
    changed,
)
from host_tools.packets import PRESETS

PLACES = [{"x": 0.125 * index, "y": -0.125 * index} for index in range(PRESETS)]
Gritspace = Callable[..., int]


@pytest.fixture
def gritspace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Gritspace:
    """The command line, with virtual boards that remember in a folder of this test."""
    monkeypatch.setattr(commands, "STORAGE", tmp_path / "boards")

    def run(*words: object) -> int:
        monkeypatch.setattr(sys, "argv", ["gritspace", *map(str, words)])
        return cli.main()

    return run


def settings() -> Settings:
    return ModuleClient(Device(StandInModule())).settings()


def stored(tmp_path: Path) -> Settings:
    with open_board("host", storage=tmp_path / "boards" / "host.flash") as device:
        return ModuleClient(device).settings()


def file_with(tmp_path: Path, content: object) -> Path:
    path = tmp_path / "presets.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


axes = st.integers(-32_768, 32_767).map(lambda code: code / 32_768)


@given(st.lists(st.builds(Spot, axes, axes), min_size=PRESETS, max_size=PRESETS))
def test_a_file_keeps_every_spot_that_a_module_can_have(
    tmp_path_factory: pytest.TempPathFactory, spots: list[Spot]
) -> None:
    path = tmp_path_factory.mktemp("presets") / "presets.json"
    save_presets(path, replace(settings(), presets=tuple(spots)))
    loaded = load_presets(path)
    assert [round(axis * 32_768) for spot in loaded for axis in spot] == [
        axis * 32_768 for spot in spots for axis in spot
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is not JSON"),
        ("[1, 2", "is not JSON"),
        ("[" * 100_000, "is not JSON"),
        ([], 'has no list "presets"'),
        ({"presets": {}}, 'has no list "presets"'),
        ({"presets": PLACES[:7]}, "has 7 presets; give 8"),
        ({"presets": [*PLACES, PLACES[0]]}, "has 9 presets; give 8"),
        ({"presets": [*PLACES[:2], {"x": 0.5}, *PLACES[3:]]}, 'preset 3 is {"x": 0.5}; give {"x": X, "y": Y}'),
        ({"presets": [*PLACES[:7], {"x": 1.001, "y": 0}]}, "preset 8 is"),
        ({"presets": [{"x": "0.5", "y": 0}, *PLACES[1:]]}, "preset 1 is"),
        ({"presets": [{"x": True, "y": 0}, *PLACES[1:]]}, "preset 1 is"),
        ({"presets": [[0.5, 0.5], *PLACES[1:]]}, "preset 1 is"),
        ('{"presets": [' + ", ".join(['{"x": NaN, "y": 0}'] * 8) + "]}", "preset 1 is"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_bad_file_is_one_sentence_and_writes_nothing(
    gritspace: Gritspace, capsys: pytest.CaptureFixture[str], tmp_path: Path, content: object, words: str
) -> None:
    path = file_with(tmp_path, content)
    assert gritspace("presets", "load", path) == 2
    error = capsys.readouterr().err
    assert words in error and str(path) in error and ";" in error and error.count("\n") == 1
    assert not (tmp_path / "boards").exists()


def test_a_missing_file_is_named() -> None:
    with pytest.raises(UserError, match=r"nowhere\.json: cannot be read \(No such file"):
        load_presets("nowhere.json")


def test_presets_survive_from_command_to_command(
    gritspace: Gritspace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert gritspace("presets", "load", file_with(tmp_path, {"presets": PLACES})) == 0
    assert gritspace("presets", "set", 2, "-0.5", 1) == 0
    capsys.readouterr()
    assert gritspace("presets", "get") == 0
    shown = capsys.readouterr().out
    assert "2       -0.500  +1.000" in shown and "3       +0.250  -0.250" in shown
    assert stored(tmp_path).presets[1] == (-0.5, 32_767 / 32_768)
    assert gritspace("presets", "save", tmp_path / "saved.json") == 0
    assert load_presets(tmp_path / "saved.json")[2:] == tuple(Spot(**place) for place in PLACES[2:])


def test_the_place_of_the_module_is_stored(
    gritspace: Gritspace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The knobs of the host rest in the middle."""
    assert gritspace("presets", "store", 8) == 0
    assert "preset 8 is where the module was: x +0.000 y +0.000" in capsys.readouterr().out
    assert stored(tmp_path).presets[7] == pytest.approx((0, 0), abs=0.001)


def test_a_preset_is_recalled(gritspace: Gritspace, capsys: pytest.CaptureFixture[str]) -> None:
    assert gritspace("presets", "recall", 5) == 0
    assert "went to preset 5: x +0.500 y +0.500" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words", [("set", 9, 0, 0), ("recall", 0), ("store", "x"), ("set", 1, "left", 0), ("explode",), ()]
)
def test_what_the_parser_refuses_has_status_two(gritspace: Gritspace, words: tuple[object, ...]) -> None:
    with pytest.raises(SystemExit) as stop:
        gritspace("presets", *words)
    assert stop.value.code == 2


@pytest.mark.parametrize("place", [(1.01, 0), (0, -2), ("nan", 0), (0, "inf")])
def test_a_place_outside_the_map_is_refused(
    gritspace: Gritspace, capsys: pytest.CaptureFixture[str], place: tuple[object, object]
) -> None:
    assert gritspace("presets", "set", 1, *place) == 2
    assert "is not on the map; X and Y go from -1 to 1" in capsys.readouterr().err


def test_a_preset_is_replaced_alone() -> None:
    before = settings()
    after = with_preset(before, 3, Spot(0.5, 0.5))
    assert after.presets == (*before.presets[:2], Spot(0.5, 0.5), *before.presets[3:])


def test_settings_are_set_by_name_and_shown(
    gritspace: Gritspace, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    words = (
        *("gate_mode=step", "morph_time_ms=10000", "midi_channel=16", "second_spot=-1,0.25", "scheme=int8"),
        *("in_full_scale=7.5", "out_full_scale=3.9"),
    )
    assert {word.partition("=")[0] for word in words} == set(SETTABLE)
    assert gritspace("settings", "set", *words) == 0
    capsys.readouterr()
    assert gritspace("settings", "get") == 0
    shown = " ".join(capsys.readouterr().out.split())
    for words_shown in (
        "gate_mode step",
        "morph_time_ms 10000",
        "midi_channel 16",
        "second_spot -1.000,+0.250",
        "scheme int8",
        "in_full_scale 7.500 V",
        "out_full_scale 3.900 V",
    ):
        assert words_shown in shown
    assert "CV X 33,105 at 0 V, -5,958 a volt" in shown and "knob mix 0 to 65,535" in shown
    assert gritspace("settings", "set", "midi_channel=all") == 0
    assert (stored(tmp_path).midi_channel, stored(tmp_path).gate_mode) == (0, 1)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("gate_mode=jump", "gate_mode is morph or step"),
        ("morph_time_ms=10001", "morph_time_ms is a whole number from 0 to 10000"),
        ("morph_time_ms=-1", "morph_time_ms is a whole number from 0 to 10000"),
        ("morph_time_ms=1e3", "morph_time_ms is a whole number from 0 to 10000"),
        ("midi_channel=0", "midi_channel is 1 to 16, or all"),
        ("midi_channel=17", "midi_channel is 1 to 16, or all"),
        ("second_spot=0.5", "second_spot is X,Y"),
        ("second_spot=0,2", "is not on the map; X and Y go from -1 to 1"),
        ("scheme=float", "scheme is int8 or int16x8"),
        ("in_full_scale=0.99", "in_full_scale is the peak in volts that is full scale, 1 to 20"),
        ("out_full_scale=nan", "out_full_scale is the peak in volts that is full scale, 1 to 20"),
        ("in_full_scale=7500", "in_full_scale is the peak in volts"),
        ("in_full_scale_mv=7500", "sets nothing"),
        ("gate_mode", "gate_mode sets nothing; give KEY=VALUE"),
        ("cv_zero=5", "cv_zero=5 sets nothing; give KEY=VALUE, the keys are gate_mode"),
        ("=", "sets nothing"),
    ],
)
def test_a_setting_that_cannot_be_says_what_can(word: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        changed(settings(), ["midi_channel=3", word])
    assert message in str(caught.value)


def test_the_longest_morph_is_the_firmwares() -> None:
    with open_board("host") as device:
        client = ModuleClient(device)
        client.write_settings(replace(client.settings(), morph_time_ms=MOST_MORPH_MS))
        with pytest.raises(RefusalError, match="outside its range"):
            client.write_settings(replace(client.settings(), morph_time_ms=MOST_MORPH_MS + 1))


@pytest.mark.parametrize("name", ["in_full_scale_mv", "out_full_scale_mv"])
def test_the_range_of_full_scale_is_the_firmwares(name: str) -> None:
    least, most = round(1000 * LEAST_FULL_SCALE_VOLTS), round(1000 * MOST_FULL_SCALE_VOLTS)
    with open_board("host") as device:
        client = ModuleClient(device)
        for sound, unsound in ((least, least - 1), (most, most + 1)):
            client.write_settings(replace(client.settings(), **{name: sound}))
            with pytest.raises(RefusalError, match="outside its range"):
                client.write_settings(replace(client.settings(), **{name: unsound}))
