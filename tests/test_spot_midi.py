# SPDX-License-Identifier: MIT
"""`core/spot.h` under MIDI: single moves and streams of them are followed at once, and without steps."""

from pathlib import Path

import numpy as np
import pytest
from compiled_panel import Panel, gestures
from spots import GLIDE, MIDI, ROUNDING, SECOND, preset


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    return Panel(tmp_path_factory.mktemp("midi"))


def assert_follows(places: np.ndarray, start: int, end: np.ndarray) -> None:
    """From the place before block `start` to `end`, a ninth of what is left each block: 8 ms behind."""
    left = (8 / 9) ** np.arange(1, len(places) - start + 1)[:, None]
    # What is nearer than 1e-5 has arrived.
    np.testing.assert_allclose(places[start:], end + left * (places[start - 1] - end), atol=1e-5)
    np.testing.assert_array_equal(places[-1], end)


def test_midi_moves_one_axis_and_leaves_the_other(panel: Panel) -> None:
    states = panel.spot(gestures(200, x=0.4, y=0.3), ((50, "move_x", -0.5),))
    assert_follows(states["base"], 50, np.array([-0.5, 0.3], np.float32))
    assert states["source"][-1] == MIDI


@pytest.mark.parametrize("order", [1, -1])
def test_midi_moves_both_axes_in_one_block(panel: Panel, order: int) -> None:
    states = panel.spot(gestures(200), ((50, "move_x", -0.5), (50, "move_y", 0.75))[::order])
    assert_follows(states["base"], 50, np.array([-0.5, 0.75]))


def test_midi_before_the_first_block_is_where_it_starts(panel: Panel) -> None:
    states = panel.spot(gestures(5), ((0, "move_x", -0.5), (0, "move_y", 0.75)))
    assert np.all(states["base"] == [-0.5, 0.75])


def lag_of_a_ramp(panel: Panel, every: int, axes: str = "x") -> float:
    """Moves the axes, in turn, from 0 to 1 in 127 steps, a move each `every` blocks. Returns by how many blocks the
    base lags behind the straight line through what was sent, at most; asserts that no step is larger than one sent."""
    commands = [
        (100 + every * i, f"move_{axes[i % len(axes)]}", (i // len(axes)) / 127) for i in range(len(axes) * 128)
    ]
    slope = 1 / (127 * every * len(axes))  # a block
    base = panel.spot(gestures(100 + every * len(commands)), tuple(commands))["base"]
    lags = []
    for turn, axis in enumerate(axes):
        moved = base[100 + turn * every :, "xy".index(axis)]
        assert np.diff(moved).min() >= 0 and np.diff(moved).max() <= 1 / 127 + ROUNDING
        lags.append(np.arange(len(moved)) - moved / slope)
    return float(max(lag.max() for lag in lags))


LAG = 12  # blocks: 8 of the filter, up to 3 because a move holds for up to 6, and a bit


@pytest.mark.parametrize(("every", "axes"), [(1, "x"), (3, "x"), (6, "x"), (1, "xy"), (3, "yx")])
def test_a_stream_of_midi_is_followed_at_once(panel: Panel, every: int, axes: str) -> None:
    assert lag_of_a_ramp(panel, every, axes) < LAG


@pytest.mark.parametrize(
    "fault",
    [
        ("kMidiSeconds = 0.008F", "kMidiSeconds = 0.014F"),
        ("Hold(Base::kMidi, place);", "Hold(Base::kMidi, place);\n  StartGlide();"),
    ],
    ids=["a slower filter", "a glide for each move"],
)
def test_a_stream_that_lags_is_noticed(tmp_path: Path, fault: tuple[str, str]) -> None:
    assert lag_of_a_ramp(Panel(tmp_path, fault), 1) > LAG


def test_midi_in_the_middle_of_a_glide_does_not_jump(panel: Panel) -> None:
    states = panel.spot(gestures(200), ((50, "recall_preset", 0), (60, "move_x", 0.9)))
    glide, follow = 1.5 / GLIDE, 1 / 9  # of the way, at most
    assert np.abs(np.diff(states["base"], axis=0)).max() <= (0.9 - preset(0)[0]) * (glide + follow)
    np.testing.assert_array_equal(states["base"][-1], np.array([0.9, preset(0)[1]], np.float32))


def test_midi_under_a_morph_leaves_the_second_spot_where_it_is(panel: Panel) -> None:
    gate = (np.arange(500) >= 50) & (np.arange(500) < 300)
    states = panel.spot(gestures(500, gate=gate), ((200, "move_x", 0.5),), morph_time_ms=100)
    assert np.all(states["base"][160:300] == SECOND)
    np.testing.assert_array_equal(states["base"][-1], [0.5, 0])


def test_midi_moves_an_axis_of_a_preset(panel: Panel) -> None:
    states = panel.spot(gestures(200), ((10, "recall_preset", 6), (50, "move_y", 0.5)))
    np.testing.assert_array_equal(states["base"][-1], [preset(6)[0], 0.5])
