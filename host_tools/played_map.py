# SPDX-License-Identifier: MIT
"""The map as the module plays it, for the measures of a map: knobs X and Y turned to places, all else at rest.

Depends on the host library and plays its whole firmware, table of loudness and DC blocker included; measures nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from host_tools.device import Device
from host_tools.firmware import build_firmware
from host_tools.host_library import HostLibrary, HostTransport
from host_tools.module.panel import HIGHEST_CODE, Panel
from host_tools.packets import ADC_CHANNELS
from host_tools.playback import CODEC_FULL_SCALE, codec_samples, play_inputs

SCHEME = "int16x8"  # factory settings play it
SESSIONS = 2  # modules that play at once, each its share of the places; not as many as cores, or figures would differ
POWER_UP_S = 0.3  # the module has faded in after 0.25
SETTLE_S = 0.05  # between places: knobs have arrived within 0.2 %, and two thirds of a change of DC are gone


def played_render(model_id: str, library_path: Path | None = None) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """A function of dry (samples,) and knob positions (N, 2) within -1..1 to wet (N, samples), all within full scale.

    Factory settings, level at noon, mix all wet. Each sound comes after SETTLE_S of its own end, so that the DC blocker
    has found what DC there is. The host library is built from the checkout's firmware when not given; LinkError when
    its model is another.
    """
    path = library_path or build_firmware("host")
    with Device(HostTransport(path)) as device:
        device.require_model(SCHEME, model_id)
    libraries = [HostLibrary(path) for _ in range(SESSIONS)]

    def render(dry: np.ndarray, places: np.ndarray) -> np.ndarray:
        parts = np.array_split(np.asarray(places, np.float64), SESSIONS)
        with ThreadPoolExecutor(SESSIONS) as pool:  # ctypes lets others run while the library plays
            return np.concatenate(list(pool.map(lambda library, part: _played(library, dry, part), libraries, parts)))

    return render


def _played(library: HostLibrary, dry: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Place after place, without a pause."""
    size, rate = library.block_size, library.sample_rate
    blocks = -(-len(dry) // size)
    sound = np.pad(np.asarray(dry, np.float64), (0, blocks * size - len(dry))).reshape(blocks, size)
    wet = np.zeros((len(places), blocks * size))
    library.power_up(factory=True)
    lead = _ending(sound, round(POWER_UP_S * rate / size))
    for index, place in enumerate(places):
        codes = codec_samples(np.concatenate([lead, sound]))
        played, _ = library.play(play_inputs(np.tile(_codes(place), (len(codes), 1))), codes)
        wet[index] = played[len(lead) :].reshape(-1) / CODEC_FULL_SCALE
        lead = _ending(sound, round(SETTLE_S * rate / size))
    return wet[:, : len(dry)]


def _ending(sound: np.ndarray, blocks: int) -> np.ndarray:
    """The last blocks of a sound (blocks, size), which is repeated when it is shorter."""
    return np.resize(sound[::-1], (blocks, sound.shape[1]))[::-1]


def _codes(place: np.ndarray) -> np.ndarray:
    """What the ADC reads, (8,): factory settings take pots from end to end, and attenuverters at noon let no CV in."""
    x, y = (1 + place) / 2
    codes = np.zeros(len(ADC_CHANNELS))
    travel = Panel(x=x, y=y, att_x=0.5, att_y=0.5).travel
    codes[: len(travel)] = np.rint(HIGHEST_CODE * np.array(travel))
    return codes
