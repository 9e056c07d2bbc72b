# SPDX-License-Identifier: MIT
"""Where each setting belongs on the map: y is the amount of distortion, x the character; neighbours sound alike.

Depends on `devices` and `features`. The layout is the mean of the VAE's prior for a setting. Without labels no
training finds axes that mean something (Locatello et al., "Challenging Common Assumptions in the Unsupervised Learning
of Disentangled Representations", 2019), so the labels decide, and distances come from how the devices sound: equal
turns of a knob are about equal steps to the ear.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch

from model.attributes import centroid_hz, reference_sound
from model.checkpoint import write_whole
from model.config import AudioConfig
from model.devices import Device
from model.features import log_mel, mel_filterbank

FILE = "map.json"
BANDS = 32
LEVELS_DB = (-24.0, -12.0, 0.0)  # of the sounds that are compared
UNIFORM = 0.5  # share of the spacing that is the same for all; the rest goes by distance


@dataclass(frozen=True)
class Place:
    """A device's setting on the map."""

    device: str
    family: str
    drive: float  # 0..1
    x: float
    y: float


@dataclass(frozen=True)
class Layout:
    """Places of all learned settings, device by device from left to right, drives rising."""

    places: tuple[Place, ...]

    @property
    def devices(self) -> tuple[str, ...]:
        """Names in the order of x."""
        return tuple(dict.fromkeys(place.device for place in self.places))

    def family(self, name: str) -> str:
        return next(place.family for place in self.places if place.device == name)

    def at(self, name: str, drive: float) -> tuple[float, float]:
        """(x, y) of a device at any drive in 0..1, between its learned settings where it is none of them."""
        own = [place for place in self.places if place.device == name]
        drives = [place.drive for place in own]
        return tuple(float(np.interp(drive, drives, [getattr(p, axis) for p in own])) for axis in "xy")  # type: ignore

    def nearest(self, x: float, y: float) -> tuple[str, float, float]:
        """The inverse of `at`: the device and drive whose place is nearest to a spot, and how far away that is."""
        found = []
        for name in self.devices:
            own = [place for place in self.places if place.device == name]
            ends = np.array([(place.drive, place.x, place.y) for place in own])
            starts, ways = ends[:-1] if len(ends) > 1 else ends, np.diff(ends, axis=0) if len(ends) > 1 else 0 * ends
            along = ((np.array([x, y]) - starts[:, 1:]) * ways[:, 1:]).sum(axis=1)
            lengths = np.maximum(np.square(ways[:, 1:]).sum(axis=1), np.finfo(float).tiny)
            points = starts + np.clip(along / lengths, 0, 1)[:, None] * ways
            away = np.hypot(*(points[:, 1:] - (x, y)).T)
            nearest = int(away.argmin())
            found.append((float(away[nearest]), name, float(points[nearest, 0])))
        away_by, name, drive = min(found)
        return name, drive, away_by

    def neighbours(self) -> list[tuple[tuple[float, float], tuple[float, float]]]:
        """Pairs of places next to each other: a device's successive drives, and successive devices at one drive."""
        along = [(a, b) for a, b in pairwise(self.places) if a.device == b.device]
        pairs = [((a.x, a.y), (b.x, b.y)) for a, b in along]
        for name, following in pairwise(self.devices):
            drives = [place.drive for place in self.places if place.device == name]
            pairs += [(self.at(name, drive), self.at(following, drive)) for drive in drives]
        return pairs

    def save(self, folder: Path) -> None:
        text = json.dumps({"places": [asdict(place) for place in self.places]}, indent=1) + "\n"
        write_whole(folder / FILE, lambda path: path.write_text(text))

    @staticmethod
    def load(folder: Path) -> Layout:
        """Raises OSError, KeyError, TypeError or ValueError for a file that is none of ours."""
        return Layout(tuple(Place(**place) for place in json.loads((folder / FILE).read_text())["places"]))


def lay_out(devices: Sequence[Device], drives: Sequence[float], audio: AudioConfig, limit: float) -> Layout:
    """Places for every device and drive within ±limit; the dullest end of the row is on the left."""
    sounds = [[_heard(device, drive, audio) for drive in drives] for device in devices]
    looks = np.array([[_spectrum(sound, audio) for sound in row] for row in sounds])  # (D, drives, features)
    apart = np.abs(looks[:, None] - looks[None]).mean(axis=(2, 3))  # (D, D) dB
    brightness = [np.mean([centroid_hz(sound) for sound in row]) for row in sounds]
    places = []
    for index, x in _columns(apart, brightness, limit):
        ys = _spaced(np.abs(np.diff(looks[index], axis=0)).mean(axis=1), limit)
        name, family = devices[index].name, devices[index].family
        places += [Place(name, family, drive, x, y) for drive, y in zip(drives, ys, strict=True)]
    return Layout(tuple(places))


def lay_out_pairs(
    pairs: Sequence[tuple[str, float, np.ndarray, np.ndarray]], family: str, audio: AudioConfig, limit: float
) -> Layout:
    """Places for recorded devices, of which there are only pairs: (device, drive, dry, wet), sounds (samples,).

    What is compared is how the spectrum changes, over time and in its spread, so that takes may differ. Several takes
    of a setting have one place, and a device of a single drive is at y = 0.
    """
    takes: defaultdict[str, defaultdict[float, list[np.ndarray]]] = defaultdict(lambda: defaultdict(list))
    centroids: defaultdict[str, list[float]] = defaultdict(list)
    for name, drive, dry, wet in pairs:
        takes[name][drive].append(_change(dry, wet, audio))
        centroids[name].append(centroid_hz(wet))
    names = list(takes)
    looks = {name: np.array([np.mean(takes[name][drive], axis=0) for drive in sorted(takes[name])]) for name in names}
    means = np.array([looks[name].mean(axis=0) for name in names])
    apart = np.abs(means[:, None] - means[None]).mean(axis=2)
    places = []
    for index, x in _columns(apart, [np.mean(centroids[name]) for name in names], limit):
        name = names[index]
        ys = _spaced(np.abs(np.diff(looks[name], axis=0)).mean(axis=1), limit)
        places += [Place(name, family, drive, x, y) for drive, y in zip(sorted(takes[name]), ys, strict=True)]
    return Layout(tuple(places))


def _columns(apart: np.ndarray, brightness: Sequence[np.floating], limit: float) -> list[tuple[int, float]]:
    """Each device's number and x, from left to right."""
    order = shortest_path(apart)
    half = len(order) // 2
    ordered = [brightness[index] for index in order]
    if half and np.mean(ordered[:half]) > np.mean(ordered[-half:]):
        order = order[::-1]
    xs = _spaced([apart[a, b] for a, b in pairwise(order)], limit)
    return list(zip(order, xs, strict=True))


def shortest_path(distances: np.ndarray) -> list[int]:
    """An order of all points (N, N) whose steps are short: nearest neighbours, then 2-opt until nothing improves.

    Croes, "A Method for Solving Traveling-Salesman Problems", Operations Research 6(6), 1958.
    """

    def length(path: list[int]) -> float:
        return float(sum(distances[a, b] for a, b in pairwise(path)))

    def improved(path: list[int]) -> list[int]:
        best = path
        for first in range(len(path)):
            for last in range(first + 2, len(path) + 1):
                candidate = path[:first] + path[first:last][::-1] + path[last:]
                best = candidate if length(candidate) < length(best) - 1e-9 else best
        return best if best is path else improved(best)

    paths = []
    for start in range(len(distances)):
        path, left = [start], set(range(len(distances))) - {start}
        while left:
            path.append(min(left, key=lambda index: distances[path[-1], index]))
            left.remove(path[-1])
        paths.append(path)
    return improved(min(paths, key=length))


def _spaced(steps: Sequence[float] | np.ndarray, limit: float) -> list[float]:
    """Positions from -limit to limit: partly even, partly as far apart as the steps are long."""
    if not len(steps):
        return [0.0]
    share = np.asarray(steps, float) / max(float(np.sum(steps)), 1e-9)
    share = UNIFORM / len(share) + (1 - UNIFORM) * share
    return [round(float(v), 4) for v in limit * (2 * np.concatenate([[0.0], np.cumsum(share)]) / share.sum() - 1)]


def _heard(device: Device, drive: float, audio: AudioConfig) -> np.ndarray:
    return device.play(np.concatenate([reference_sound(level) for level in LEVELS_DB]), drive)


def _spectrum(sound: np.ndarray, audio: AudioConfig) -> np.ndarray:
    """Mel bands in dB, at one loudness over all: what differs is timbre and how it depends on level."""
    sound = sound / max(float(np.sqrt(np.mean(sound**2))), 1e-6)
    mel = log_mel(torch.from_numpy(sound[None]).float(), mel_filterbank(BANDS, audio.sample_rate))
    return 10 * mel[0].numpy().reshape(-1).clip(min=-4)


def _change(dry: np.ndarray, wet: np.ndarray, audio: AudioConfig) -> np.ndarray:
    """Mean and spread over time of the mel bands, in dB, wet over dry, both at one loudness."""
    pair = np.stack([sound / max(float(np.sqrt(np.mean(sound**2))), 1e-6) for sound in (dry, wet)])
    mel = 10 * log_mel(torch.from_numpy(pair).float(), mel_filterbank(BANDS, audio.sample_rate)).numpy().clip(min=-4)
    before, after = np.concatenate([mel.mean(axis=2), mel.std(axis=2)], axis=1)
    return after - before
