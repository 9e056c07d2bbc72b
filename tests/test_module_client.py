# SPDX-License-Identifier: MIT
"""The module as the bench sees it: settings and status in people's units, presets, panel, audio through it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stand_ins import StandInModule, factory_values

from host_tools import boards
from host_tools.device import Device, RefusalError
from host_tools.errors import LinkError, UserError
from host_tools.module.client import ModuleClient, Spot
from host_tools.module.panel import Circuit, Panel
from host_tools.packets import ADC_CHANNELS, PRESETS
from host_tools.playback import play_inputs

NOMINAL = Circuit([0] * 6, [65_535] * 6, [33_105] * 2, [-5_958] * 2)
BLOCK = 48


@pytest.fixture
def host() -> Iterator[ModuleClient]:
    with boards.open_board("host") as device:
        yield ModuleClient(device)


def client_of(stand_in: StandInModule) -> ModuleClient:
    return ModuleClient(Device(stand_in))


spots = st.fixed_dictionaries({"x": st.integers(-32_768, 32_767), "y": st.integers(-32_768, 32_767)})


@given(st.lists(spots, min_size=PRESETS, max_size=PRESETS), spots)
def test_settings_that_are_read_and_written_are_the_same_bits(presets: list[Any], second_spot: dict[str, int]) -> None:
    stand_in = StandInModule()
    stand_in.settings |= {"presets": presets, "second_spot": second_spot}
    before = {**stand_in.settings}
    client = client_of(stand_in)
    settings = client.settings()
    assert all(-1 <= axis <= 1 for spot in settings.presets for axis in spot)
    client.write_settings(settings)
    assert stand_in.settings == before


def test_settings_have_the_names_of_their_packet() -> None:
    settings = client_of(StandInModule()).settings()
    assert settings.morph_time_ms == 500 and settings.presets[2] == Spot(0.25, -0.25)
    assert replace(settings, midi_channel=7).midi_channel == 7


def test_an_edge_of_the_map_is_its_last_integer() -> None:
    stand_in = StandInModule()
    client = client_of(stand_in)
    client.write_settings(replace(client.settings(), second_spot=Spot(1.0, -1.0)))
    assert stand_in.settings["second_spot"] == {"x": 32_767, "y": -32_768}


def test_a_status_has_names_and_shares() -> None:
    client = client_of(StandInModule())
    client.recall(4)
    status = client.status()
    assert (status.flags, status.base, status.fault, status.preset) == ({"LIVE"}, "preset", "none", 4)
    assert (status.load, status.worst_load, status.input_peak) == (0.45, 0.6, 0.5)
    assert status.spot == Spot(0.375, -0.375)


def test_a_board_without_a_clock_has_no_load() -> None:
    status = client_of(StandInModule()).status()
    status = type(status)(**{**vars(status), "budget_cycles": 0})
    assert status.load is None and status.worst_load is None


def test_settings_that_the_module_did_not_take_are_an_error() -> None:
    class Forgetful(StandInModule):
        def _carry_out(self, name: str, values: dict[str, Any]) -> None:
            self.settings = factory_values()

    client = client_of(Forgetful())
    with pytest.raises(LinkError, match="other settings than it was given; reset it"):
        client.write_settings(replace(client.settings(), midi_channel=3))


@pytest.mark.parametrize(
    ("refusal", "words"),
    [
        ("NOT_SAVED", "could not be written to the flash; try again"),
        ("OUT_OF_RANGE", "outside its range; give one within"),
        ("REAL_PANEL", "a panel of its own; turn its knobs"),
        ("BUSY", "not yet done what it was asked before; try again"),
    ],
)
def test_what_a_module_refuses_is_said_with_the_remedy(refusal: str, words: str) -> None:
    client = client_of(StandInModule(refusals={"WRITE_SETTINGS": refusal, "PANEL": refusal, "RECALL_PRESET": refusal}))
    for ask in (
        lambda: client.write_settings(client.settings()),
        lambda: client.turn_panel([0] * 8, 0),
        lambda: client.recall(1),
    ):
        with pytest.raises(RefusalError, match=words) as caught:
            ask()
        assert caught.value.name == refusal


@pytest.mark.parametrize("preset", [0, PRESETS + 1, -1])
def test_presets_are_numbered_from_one(preset: int) -> None:
    client = client_of(StandInModule())
    for ask in (client.recall, client.store):
        with pytest.raises(UserError, match="numbered 1 to 8"):
            ask(preset)


def test_a_module_that_plays_nothing_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("host_tools.module.client.STALLED_S", 0.05)

    class Stalled(StandInModule):
        def _status(self) -> dict[str, Any]:
            return {**super()._status(), "blocks": 5}

    with pytest.raises(LinkError, match="plays no blocks; reset it"):
        client_of(Stalled()).next_status()


@given(st.tuples(*[st.floats(0, 1)] * 6), st.tuples(*[st.floats(-5, 5)] * 2))
def test_the_panel_to_codes_and_back(travel: tuple[float, ...], volts: tuple[float, float]) -> None:
    circuit = Circuit([300] * 6, [65_100] * 6, [33_305] * 2, [-5_839] * 2)
    places: dict[str, Any] = dict(zip(ADC_CHANNELS, (*travel, *volts), strict=True))
    codes = circuit.codes(Panel(**places))
    half_a_code = 0.51
    assert np.allclose(circuit.travel(codes), travel, atol=half_a_code / 64_800)
    assert np.allclose(circuit.volts(codes), volts, atol=half_a_code / 5_839)


def test_the_adc_reads_no_further_than_its_ends() -> None:
    assert NOMINAL.codes(Panel(cv_x=12.0, cv_y=-12.0))[6:] == [0, 65_535]


def test_gate_and_button_are_bits() -> None:
    assert [Panel(gate=gate, button=button).inputs for gate in (False, True) for button in (False, True)] == [
        0,
        2,
        1,
        3,
    ]


def test_knobs_and_cv_move_the_spot_of_a_live_module(host: ModuleClient) -> None:
    panel = Panel(x=0.75, y=0.5, cv_y=-2.5)
    host.turn_panel(host.settings().circuit.codes(panel), panel.inputs)
    time.sleep(0.1)  # a knob's way through its filter
    status = host.next_status()
    assert "LIVE" in status.flags and status.base == "pots"
    assert status.spot == pytest.approx((0.5, -0.5), abs=0.01)  # the dead zones at a pot's ends and at 0 V


def test_presets_and_midi_reach_a_live_module(host: ModuleClient) -> None:
    presets = host.settings().presets
    host.recall(5)
    time.sleep(0.05)  # it glides there
    assert (host.next_status().preset, host.status().spot) == (5, presets[4])
    assert host.store(1).presets[0] == presets[4]
    host.device.request("MIDI", "STATUS_IS", bytes=[0xC0, 2])
    assert host.next_status().preset == 3


def test_factory_settings_are_told_while_the_module_plays_on(host: ModuleClient) -> None:
    factory = host.settings()
    host.write_settings(replace(factory, morph_time_ms=77))
    host.recall(3)
    host.device.request("MIDI", "STATUS_IS", bytes=[0xB0, 81, 127])
    before = host.next_status()
    assert host.factory_settings() == factory
    after = host.next_status()
    assert after.flags == {"LIVE", "BYPASS"} and after.preset == 3 and after.blocks > before.blocks
    assert host.settings().morph_time_ms == 77


def test_settings_of_a_factory_bench_are_gone_when_it_ends(host: ModuleClient) -> None:
    host.write_settings(replace(host.settings(), morph_time_ms=77))
    host.power_up(factory=True)
    assert host.settings() == host.factory_settings()
    host.go_live()
    assert host.settings().morph_time_ms == 77 and "LIVE" in host.next_status().flags


def test_a_module_on_the_bench_is_told_as_it_is(host: ModuleClient) -> None:
    """Its blocks stand still, and that is no fault."""
    host.power_up()
    assert "LIVE" not in host.next_status().flags


def test_audio_over_the_link_is_audio_in_bulk(host: ModuleClient) -> None:
    rng = np.random.default_rng(0)
    inputs = play_inputs(rng.integers(0, 65_536, (300, 8)), rng.integers(0, 4, 300))
    dry = rng.integers(-(2**22), 2**22, (300, BLOCK)).astype(np.int32)
    host.power_up(factory=True)
    halves = [host.play(inputs[part], dry[part]) for part in (slice(0, 150), slice(150, 300))]
    wet, outputs = boards.play("host", inputs, dry, factory=True)
    assert np.array_equal(np.concatenate([half[0] for half in halves]), wet) and wet.any()
    assert np.array_equal(np.concatenate([half[1] for half in halves]), outputs["flags"])
