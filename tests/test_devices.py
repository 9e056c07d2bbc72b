# SPDX-License-Identifier: MIT
"""Effects and plug-ins behind one interface: at one level whatever the drive, bounded, and refused by name."""

from __future__ import annotations

import numpy as np
import pytest

from model import devices
from model.config import AudioConfig
from model.devices import HELD_OUT, PEAK, SEEN, Device, DeviceError, device
from model.effects import EFFECTS
from model.plugin_table import PLUGINS

AUDIO = AudioConfig()
SOUND = 0.5 * np.sin(np.arange(4_800) / 15)


def test_the_released_map_has_many_kinds_and_third_party_circuits_and_meets_no_held_out_one():
    assert set(SEEN) <= set(EFFECTS) | set(PLUGINS) and set(HELD_OUT) <= set(EFFECTS) | set(PLUGINS)
    assert not set(SEEN) & set(HELD_OUT) and len(set(SEEN)) == len(SEEN)
    assert len(set(SEEN) & set(EFFECTS)) >= 12 and len(set(SEEN) & set(PLUGINS)) >= 8


def test_an_unknown_device_is_named_with_those_there_are():
    with pytest.raises(DeviceError, match=r"tube_blender is no device.*wavefolder"):
        device("tube_blender", AUDIO)


@pytest.mark.parametrize("drive", [0.0, 0.3, 1.0])
def test_the_peak_of_loud_sounds_is_the_same_at_every_drive(drive):
    clip = device("soft_clip", AUDIO)
    wet = clip.render(devices._loud_sounds(AUDIO.sample_rate), drive)
    assert np.abs(wet).max() == pytest.approx(PEAK, rel=1e-6)


def test_a_louder_sound_than_the_reference_is_bounded():
    quiet = Device("quiet", "soft", lambda dry, drive: np.where(np.abs(dry) > 1, dry, 0.01 * dry), AUDIO.sample_rate)
    assert np.abs(quiet.render(np.full(10, 3.0), 0.5)).max() == 1.0


def test_the_level_is_a_factor_and_silence_stays_silence():
    clip = device("soft_clip", AUDIO)
    ratio = clip.render(SOUND, 0.5) / (clip.play(SOUND, 0.5) + 1e-30)
    loud = np.abs(SOUND) > 0.1
    assert np.ptp(ratio[loud]) < 1e-9 and not clip.render(np.zeros(4_800), 0.5).any()


@pytest.mark.parametrize("value", [0.0, np.nan, np.inf])
def test_a_device_that_gives_no_sound_is_named(value):
    dead = Device("dead", "soft", lambda dry, drive: np.full(len(dry), value), AUDIO.sample_rate)
    with pytest.raises(DeviceError, match=r"dead at drive 0.5 is silent or not finite"):
        dead.render(SOUND, 0.5)


def test_a_plugin_is_a_device():
    name = next((name for name in SEEN if name in PLUGINS and PLUGINS[name].installed()), None)
    if name is None:
        pytest.skip("none of the learned plug-ins is installed")
    plugin = device(name, AUDIO)
    wet = plugin.render(SOUND, 0.5)
    assert plugin.family == PLUGINS[name].family and wet.shape == SOUND.shape and 0.05 < np.abs(wet).max() <= 1
