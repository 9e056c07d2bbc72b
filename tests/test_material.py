# SPDX-License-Identifier: MIT
"""A folder of captures, or a list of devices, becomes programmes and a layout; what cannot serve is said."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
import soundfile
from programmes import SMALL, noise_bursts
from rich.console import Console

from model import material
from model.captures import CaptureError
from model.config import AudioConfig
from model.data import DataError
from model.devices import PEAK, DeviceError
from model.layout import Layout, Place
from model.material import CAPTURED, absent, capture_material, compare, device_material, require

RATE = 48_000
LATENCY = SMALL.audio.latency_samples


def captures(folder, rows):
    """`rows`: device, drive, tone and wet, one each; the dry file is the same."""
    soundfile.write(folder / "dry.wav", noise_bursts(), RATE, subtype="FLOAT")
    lines = ["device,dry,wet,drive,tone"]
    for number, (device, drive, tone, wet) in enumerate(rows):
        soundfile.write(folder / f"wet{number}.wav", wet, RATE, subtype="FLOAT")
        lines.append(f"{device},dry.wav,wet{number}.wav,{drive},{tone}")
    (folder / "captures.csv").write_text("\n".join(lines) + "\n")
    return folder


def pedal(gain, lag=300):
    return 0.2 * np.tanh(gain * np.pad(noise_bursts(), (lag, 0)))


def made(folder):
    said = io.StringIO()
    return capture_material(SMALL, folder, Console(file=said, width=200)), said.getvalue()


def test_captures_become_programmes_in_time_at_one_level_and_their_ends_are_held_back(tmp_path):
    rows = [("loud", 1.0, 0.5, pedal(20)), ("loud", 0.0, 0.5, pedal(2)), ("mild", 0.5, 0.5, pedal(0.5))]
    found, said = made(captures(tmp_path, rows))
    assert not said and {p.family for p in found.layout.places} == {CAPTURED}
    names = [(p.setting.device, p.setting.drive) for p in found.programmes]
    assert sorted(names) == [("loud", 0.0), ("loud", 1.0), ("mild", 0.5)]
    assert names.index(("loud", 0.0)) + 1 == names.index(("loud", 1.0))  # training looks at neighbouring drives
    for learned, held in zip(found.programmes, found.held_back, strict=True):
        assert learned.setting == held.setting and learned.dry.dtype == learned.wet.dtype == np.float32
        dry, wet = (np.concatenate([getattr(p, side) for p in (learned, held)]) for side in ("dry", "wet"))
        assert len(learned.dry) == pytest.approx(0.8 * len(dry), abs=1) and np.abs(wet).max() == pytest.approx(PEAK)
        gain = {("loud", 0.0): 2, ("loud", 1.0): 20, ("mild", 0.5): 0.5}[learned.setting.device, learned.setting.drive]
        expected = np.tanh(gain * dry)
        ratio = wet[LATENCY:] / PEAK * np.abs(expected).max()
        assert np.abs(ratio - expected[: len(ratio)]).max() < 1e-3  # float32 files


def test_a_pedal_at_two_tones_is_two_devices(tmp_path):
    found, _ = made(
        captures(tmp_path, [("p", 0.5, 0.0, pedal(2)), ("p", 0.5, 1.0, pedal(8)), ("q", 0.5, 1.0, pedal(4))])
    )
    assert set(found.layout.devices) == {"p tone 0", "p tone 1", "q"}


def test_captures_that_cannot_be_used_are_counted_by_reason(tmp_path):
    noise = np.random.default_rng(5).uniform(-0.5, 0.5, 2 * RATE)
    rows = [("p", 0.5, 0.5, pedal(2)), ("q", 0.5, 0.5, np.zeros(2 * RATE)), ("r", 0.5, 0.5, noise)]
    found, said = made(captures(tmp_path, rows))
    assert found.layout.devices == ("p",)
    assert "1 silent" in said and "1 no common sound" in said


def test_captures_shorter_than_a_clip_are_not_learned_from(tmp_path):
    """Their held back ends, a fifth, have to have room for a clip as well."""
    config = replace(SMALL, train=replace(SMALL.train, clip_samples=20_000))
    with pytest.raises(CaptureError, match=r"no usable capture \(too short\)"):
        capture_material(config, captures(tmp_path, [("p", 0.5, 0.5, pedal(2))]), Console(file=io.StringIO()))


def test_devices_become_programmes_in_the_order_of_their_layout(tmp_path):
    names, quiet = ("soft_clip", "hard_clip"), Console(file=io.StringIO())
    layout = compare(SMALL, names, quiet)
    assert set(layout.devices) == set(names)
    found = device_material(SMALL, names, layout, None, tmp_path, quiet)
    settings = [(p.setting.device, p.setting.drive) for p in found.programmes]
    assert found.layout == layout and settings == [(n, drive) for n in layout.devices for drive in SMALL.data.drives]
    part = device_material(SMALL, ("hard_clip",), layout, None, tmp_path, quiet)
    assert part.layout == layout and {p.setting.device for p in part.programmes} == {"hard_clip"}


def test_a_device_that_is_unknown_absent_or_off_the_map_is_named(monkeypatch):
    gone = replace(material.PLUGINS["ds1"], address="not:here")
    monkeypatch.setitem(material.PLUGINS, "ds1", gone)
    audio, layout = AudioConfig(), Layout((Place("fuzz", "fuzz", 0.5, 0.0, 0.0),))
    assert absent(("soft_clip", "ds1"), audio) == (["ds1"], "guitarix-lv2 lilv-utils")
    with pytest.raises(DeviceError, match="not here: ds1; install the Debian packages guitarix-lv2 lilv-utils"):
        require(("soft_clip", "ds1"), None, audio)
    with pytest.raises(DeviceError, match="blender is no device"):
        require(("soft_clip", "blender"), None, audio)
    with pytest.raises(DeviceError, match="not on the checkpoint's map: soft_clip; it has fuzz"):
        require(("soft_clip", "fuzz"), layout, audio)
    require(("fuzz",), layout, audio)
    require(("soft_clip", "fuzz"), None, audio)


def test_devices_of_which_nothing_passes_are_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr("model.data.complaint", lambda *_: "silent")  # inherited by the pool's processes
    layout = Layout(tuple(Place("soft_clip", "soft", drive, 0.0, 0.0) for drive in SMALL.data.drives))
    with pytest.raises(DataError, match="no usable pair"):
        device_material(SMALL, ("soft_clip",), layout, None, tmp_path, Console(file=io.StringIO()))
