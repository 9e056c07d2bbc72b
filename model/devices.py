# SPDX-License-Identifier: MIT
"""Everything that can be learned, behind one interface: the catalogue's effects and third-party circuits.

Depends on `effects`, `plugins` and `plugin_table`. Which devices the released map learns, and which it never meets, is
said here.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from model.config import AudioConfig
from model.effects import EFFECTS, EffectSetting, render_chain
from model.plugin_table import PLUGINS
from model.signals import SignalFactors, render_signal

# The released map: kinds of the catalogue and third-party circuits.
SEEN = (
    *("soft_clip", "hard_clip", "asymmetric", "fuzz", "wavefolder", "screamer", "diode_clipper", "rat", "big_muff"),
    *("starved_fuzz", "buchla_folder", "chebyshev", "full_wave"),
    *("tube_screamer", "big_muff_pi", "hornet", "amp_vts", "gx_fuzz", "tube_warmth", "mda_overdrive", "foldover"),
)
# Never learned, only matched: whole circuits that the map has not met.
HELD_OUT = (
    *("triode", "tape", "half_wave", "amplifier"),
    *("ds1", "mxr", "valve", "diode", "metal_amp", "caps_tanh"),
)
PEAK = 0.9  # of a setting's wet sound for loud dry ones: the decoder's integers are used well, and little clips
REFERENCE_CLIPS, REFERENCE_S = 12, 0.1

TONE = 0.5  # at noon: a map of two axes has room for the device and its drive


class DeviceError(ValueError):
    """A device that is not known or not installed; the message names it and the remedy."""


@dataclass(frozen=True)
class Device:
    """A distortion with a drive knob; `play(dry, drive)` takes and gives (samples,) at the project's rate, aligned.

    With tone at noon, or, where there is a knob for it, where a third argument says.
    """

    name: str
    family: str
    play: Callable[..., np.ndarray]
    sample_rate: int
    has_tone: bool = False

    def render(self, dry: np.ndarray, drive: float) -> np.ndarray:
        """Wet for dry (samples,) at one level for all settings: the peak of what becomes of loud sounds is PEAK.

        How loud a place of the map is, the module makes up for by a table that travels with the model.
        """
        return np.clip(_level(self, drive) * self.play(dry, drive), -1.0, 1.0)


@functools.cache
def _level(device: Device, drive: float) -> float:
    peak = np.abs(device.play(_loud_sounds(device.sample_rate), drive)).max()
    if not np.isfinite(peak) or peak < 1e-6:
        raise DeviceError(f"{device.name} at drive {drive:g} is silent or not finite; leave it out")
    return PEAK / float(peak)


@functools.cache
def _loud_sounds(sample_rate: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    factors = [replace(SignalFactors.draw_any(rng), level_db=0.0, onset=0.0) for _ in range(REFERENCE_CLIPS)]
    return np.concatenate([render_signal(f, round(REFERENCE_S * sample_rate), sample_rate, rng) for f in factors])


@functools.cache
def device(name: str, audio: AudioConfig) -> Device:
    """A device by its name in EFFECTS or PLUGINS; raises DeviceError."""
    if name in EFFECTS:
        effect = EFFECTS[name]

        def play(dry: np.ndarray, drive: float, tone: float = TONE) -> np.ndarray:
            return render_chain(dry, [EffectSetting(name, drive, tone)], audio.sample_rate, audio.oversampling)

        return Device(name, effect.family, play, audio.sample_rate, effect.has_tone)
    if name in PLUGINS:
        plugin = PLUGINS[name]
        return Device(name, plugin.family, plugin.render, audio.sample_rate, plugin.tone is not None)
    raise DeviceError(f"{name} is no device; there are {', '.join(sorted([*EFFECTS, *PLUGINS]))}")
