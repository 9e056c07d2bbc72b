# SPDX-License-Identifier: MIT
"""`core/lights.h`: what the four LEDs show, and in which rhythm, one block a millisecond."""

from itertools import groupby

import numpy as np
import pytest
from compiled_panel import Panel

from host_tools.packets import FAULTS, FLAGS

X, Y, CLIP, ON = range(4)
FULL = 255
ONE_BLOCK = 1  # of rounding, where a rhythm's edge falls on a block


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    return Panel(tmp_path_factory.mktemp("lights"))


def stretches(light: np.ndarray) -> list[tuple[int, int]]:
    """Brightness and for how many blocks."""
    return [(int(level), len(list(blocks))) for level, blocks in groupby(light)]


def flags(*names: str) -> int:
    return sum(FLAGS[name] for name in names)


@pytest.mark.parametrize(
    ("place", "brightness"), [((-1, 1), (0, 255)), ((0, 0), (63, 63)), ((1, -1), (255, 0)), ((0.5, -0.5), (143, 15))]
)
def test_two_lights_show_the_place_squared_for_the_eye(
    panel: Panel, place: tuple[float, float], brightness: tuple[int, int]
) -> None:
    lights = panel.lights(3, place)
    assert np.all(lights[:, [X, Y]] == brightness)


def test_playing_is_lit_and_clips_only_where_it_clips(panel: Panel) -> None:
    clips = np.arange(100) >= 60
    lights = panel.lights(100, flags=np.where(clips, flags("LIVE", "CLIP"), flags("LIVE")))
    assert np.all(lights[:, ON] == FULL)
    np.testing.assert_array_equal(lights[:, CLIP], np.where(clips, FULL, 0))


def test_bypass_is_dark_and_still_shows_place_and_clip(panel: Panel) -> None:
    lights = panel.lights(2, (1, -1), flags("BYPASS", "CLIP"))
    assert lights[-1].tolist() == [FULL, 0, FULL, 0]


def test_freeze_breathes_once_a_second_and_is_never_dark(panel: Panel) -> None:
    light = panel.lights(5000, flags=flags("FROZEN"))[:, ON].astype(int)
    assert (light.min(), light.max()) == (64, FULL)
    assert light[0] == FULL
    lows = np.flatnonzero(light == 64)
    assert np.unique(lows // 1000).tolist() == [0, 1, 2, 3, 4]
    assert np.abs(lows % 1000 - 500).max() <= 3  # some blocks share the lowest code
    assert np.abs(np.diff(light)).max() <= 1  # 382 codes a second


def test_a_breath_begins_bright_each_time(panel: Panel) -> None:
    frozen = (np.arange(1000) < 300) | (np.arange(1000) >= 400)
    light = panel.lights(1000, flags=np.where(frozen, flags("FROZEN"), 0))[:, ON]
    assert light[299] < 150
    assert np.all(light[300:401] == FULL)
    np.testing.assert_array_equal(light[400:700], light[:300])


def test_overload_blinks_on_and_clip_together_eight_times_a_second(panel: Panel) -> None:
    lights = panel.lights(4000, (1, 1), flags("OVERLOAD", "CLIP"))
    np.testing.assert_array_equal(lights[:, ON], lights[:, CLIP])
    found = stretches(lights[:, ON])
    assert len(found) in (64, 65)
    assert [level for level, _ in found[:4]] == [FULL, 0, FULL, 0]
    assert all(abs(length - 62.5) <= ONE_BLOCK for _, length in found[:63])
    assert np.all(lights[:, [X, Y]] == FULL)


@pytest.mark.parametrize("fault", range(1, len(FAULTS)))
def test_a_fault_blinks_its_number_and_all_else_is_dark(panel: Panel, fault: int) -> None:
    lights = panel.lights(7000, (1, 1), flags("LIVE", "CLIP"), fault)
    assert not lights[:, [X, Y, ON]].any()
    found = stretches(lights[:, CLIP])[: 4 * fault]  # two rounds
    wanted = ([(FULL, 150), (0, 250)] * (fault - 1) + [(FULL, 150), (0, 250 + 1000)]) * 2
    assert [level for level, _ in found] == [level for level, _ in wanted]
    assert np.abs(np.array(found) - np.array(wanted))[:, 1].max() <= ONE_BLOCK


def test_another_fault_is_counted_from_its_beginning(panel: Panel) -> None:
    faults = np.where(np.arange(3000) < 1000, 3, 2)
    light = panel.lights(3000, fault=faults)[:, CLIP]
    np.testing.assert_array_equal(light[1000:], panel.lights(2000, fault=2)[:, CLIP])


def test_the_most_urgent_message_is_shown(panel: Panel) -> None:
    def shown(fault: int, *names: str) -> bytes:
        return bytes(panel.lights(500, flags=flags(*names), fault=fault)[:, [CLIP, ON]].tobytes())

    assert shown(2, "OVERLOAD", "BYPASS", "FROZEN") == shown(2)
    assert shown(0, "OVERLOAD", "BYPASS", "FROZEN") == shown(0, "OVERLOAD")
    assert shown(0, "BYPASS", "FROZEN") == shown(0, "BYPASS")
    assert len({shown(2), shown(0, "OVERLOAD"), shown(0, "BYPASS"), shown(0, "FROZEN"), shown(0)}) == 5
