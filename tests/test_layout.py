# SPDX-License-Identifier: MIT
"""The map's layout: more drive is further up, neighbours sound alike, and what cannot be read is refused."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

from model.config import AudioConfig
from model.devices import Device, device
from model.layout import FILE, Layout, Place, lay_out, lay_out_pairs, shortest_path

AUDIO = AudioConfig(oversampling=2)
DRIVES = (0.0, 0.4, 1.0)
LIMIT = 3.0


def clipper(name, gain):
    return Device(name, "soft", lambda dry, drive: np.tanh(gain * (1 + 9 * drive) * dry), AUDIO.sample_rate)


def dark(name):
    """A running mean of ten samples: duller than any clipper."""
    return Device(name, "dull", lambda dry, drive: np.convolve(dry, np.full(10, 0.1))[: len(dry)], AUDIO.sample_rate)


@pytest.fixture(scope="module")
def layout():
    devices = [clipper("c", 4.0), clipper("a", 1.0), dark("dark"), clipper("b", 2.0)]
    return lay_out(devices, DRIVES, AUDIO, LIMIT)


def test_drives_rise_from_edge_to_edge_at_one_x_a_device(layout):
    for name in layout.devices:
        own = [place for place in layout.places if place.device == name]
        assert [place.drive for place in own] == list(DRIVES) and len({place.x for place in own}) == 1
        ys = [place.y for place in own]
        assert ys[0] == -LIMIT and ys[-1] == pytest.approx(LIMIT) and ys == sorted(ys)


def test_neighbours_sound_alike_and_the_dull_end_is_on_the_left(layout):
    assert layout.devices == ("dark", "a", "b", "c")
    xs = [layout.at(name, 0.0)[0] for name in layout.devices]
    assert xs[0] == -LIMIT and xs[-1] == pytest.approx(LIMIT) and xs == sorted(xs)
    assert xs[1] - xs[0] > xs[2] - xs[1]  # further apart where the sounds are


def test_the_order_of_the_list_does_not_matter(layout):
    again = lay_out([clipper("b", 2.0), dark("dark"), clipper("c", 4.0), clipper("a", 1.0)], DRIVES, AUDIO, LIMIT)
    assert again == layout


def test_the_nearest_place_is_the_inverse(layout):
    for name in layout.devices:
        for drive in (0.0, 0.1, 0.4, 0.9, 1.0):
            nearest, found, away = layout.nearest(*layout.at(name, drive))
            assert (nearest, found) == (name, pytest.approx(drive)) and away == pytest.approx(0, abs=1e-9)
    x, y = layout.at("dark", 1.0)
    assert layout.nearest(x - 3, y + 4) == ("dark", 1.0, pytest.approx(5))


def test_a_device_of_one_drive_is_nearest_at_that(layout):
    alone = Layout((Place("one", "soft", 0.5, 1.0, 0.0),))
    assert alone.nearest(1.0, 2.0) == ("one", 0.5, 2.0)


def test_a_drive_between_two_learned_ones_lies_between_their_places(layout):
    (x, low), (_, high) = layout.at("a", 0.0), layout.at("a", 0.4)
    assert layout.at("a", 0.2) == pytest.approx((x, (low + high) / 2))


def test_one_device_is_in_the_middle():
    single = lay_out([device("soft_clip", AUDIO)], DRIVES, AUDIO, LIMIT)
    assert {place.x for place in single.places} == {0.0} and single.family("soft_clip") == "soft"


def test_the_path_is_the_shortest_of_all():
    distances = np.abs(np.subtract.outer(points := np.random.default_rng(1).uniform(size=7), points))
    found = shortest_path(distances)
    shortest = min(
        sum(distances[a, b] for a, b in itertools.pairwise(path)) for path in itertools.permutations(range(7))
    )
    assert sorted(found) == list(range(7))
    assert sum(distances[a, b] for a, b in itertools.pairwise(found)) == pytest.approx(shortest)


def test_a_layout_is_read_as_it_was_written(layout, tmp_path):
    layout.save(tmp_path)
    assert Layout.load(tmp_path) == layout


def test_a_disk_that_fills_leaves_the_earlier_layout(layout, tmp_path, monkeypatch):
    layout.save(tmp_path)

    def half(path, text):
        path.write_bytes(text[: len(text) // 2].encode())
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(OSError, match="No space"):
        Layout(layout.places[:1]).save(tmp_path)
    assert Layout.load(tmp_path) == layout and len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("content", [None, "{}", "[1]", "{", json.dumps({"places": [{"device": "a"}]})])
def test_a_file_that_is_no_layout_is_refused(tmp_path, content):
    if content is not None:
        (tmp_path / FILE).write_text(content)
    with pytest.raises((OSError, KeyError, TypeError, ValueError)):
        Layout.load(tmp_path)


def recorded(name, gain, drives, seed):
    dry = np.random.default_rng(seed).laplace(size=24_000)
    dry *= np.repeat(np.random.default_rng(seed).uniform(0.02, 0.2, 24), 1_000)
    return [(name, drive, dry, np.tanh(gain * (1 + 9 * drive) * dry)) for drive in drives]


def test_recorded_devices_are_laid_out_from_their_pairs_whatever_their_drives_and_takes():
    pairs = [
        *recorded("hard", 8.0, (0.0, 1.0), 0),
        *recorded("mild", 0.5, (1.0, 0.0, 0.5), 1),
        *recorded("mild", 0.5, (0.5,), 2),  # another take
        *recorded("middle", 2.0, (0.7,), 3),
    ]
    layout = lay_out_pairs(pairs, "captured", AUDIO, LIMIT)
    assert set(layout.devices) == {"hard", "middle", "mild"} and layout.devices[1] == "middle"
    assert [place.drive for place in layout.places if place.device == "mild"] == [0.0, 0.5, 1.0]
    assert layout.at("mild", 0.0)[1] == -LIMIT and layout.at("mild", 1.0)[1] == pytest.approx(LIMIT)
    (alone,) = (place for place in layout.places if place.device == "middle")
    assert alone == Place("middle", "captured", 0.7, alone.x, 0.0)
