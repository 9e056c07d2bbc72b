# SPDX-License-Identifier: MIT
"""Third-party circuits behind one interface: a plug-in with its knobs, played so that its wet fits dry in time,
polarity and level. Depends on NumPy, SciPy, soundfile, `alignment`, the families of `effects`, and two programs: our
`ladspa.py` and Debian's `lv2apply`.

Which plug-ins there are is in `plugin_table`. pedalboard is left out: its distortion is a bare tanh.
"""

from __future__ import annotations

import functools
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile
from scipy.signal import butter, lfilter

from model.alignment import aligned, find_lag
from model.effects import Family

RATE = 48_000  # Hz; the tables of controls and levels hold for this rate
LADSPA_FOLDER = Path("/usr/lib/ladspa")
PATIENCE_S = 30.0  # before a plug-in counts as hanging; more with long sounds
WARM_UP = 2 * RATE  # samples of silence in front of dry: after 1 s the sustainer is still at -80 dB, after 2 s at -120
RESTING = RATE // 10  # the last of them, where the DC offset is measured
TAIL = 512  # samples behind dry, from which the latency is taken
LOUDEST = 1e3  # of a plug-in's output; beyond it, it is running away
PEAK = 0.9  # of the loudest reference: leaves room for louder sounds before the limit at 1
QUIET = 0.01  # level of the noise that measures latency: -40 dBFS, below where most circuits distort


class PluginError(ValueError):
    """A plug-in that is absent, crashes, hangs or gives no usable sound; the message names it and the remedy."""


@dataclass(frozen=True)
class Knob:
    """A control turned from `low` to `high`. Without a port name it is the gain in dB of a clean booster in front, for
    circuits that have no drive of their own.
    """

    port: str | None
    low: float
    high: float
    logarithmic: bool = False

    def value(self, turn: float) -> float:
        """The control's value at a turn of 0..1."""
        if self.logarithmic:
            return float(self.low * (self.high / self.low) ** turn)
        return self.low + turn * (self.high - self.low)


@dataclass(frozen=True)
class Calibration:
    """What is undone after every render: latency in samples, polarity at low drive, and peak level."""

    lag: int
    inverted: bool
    level: float


@dataclass(frozen=True)
class Plugin:
    """A plug-in, its knobs, and the controls that stay fixed."""

    name: str
    host: Literal["ladspa", "lv2"]
    address: str  # "library.so:label", or the URI
    package: str  # the Debian package that holds it
    family: Family
    source: str  # who made it, and what it is a model of
    drive: Knob
    tone: Knob | None = None
    controls: tuple[tuple[str, float], ...] = ()
    coupling_hz: float = 0.0  # of a capacitor behind it, for circuits whose DC wanders with the sound; 0 for none

    def installed(self) -> bool:
        """Whether it could be played here."""
        if self.host == "ladspa":
            return (LADSPA_FOLDER / self.address.partition(":")[0]).is_file()
        return self.address in _lv2_addresses()

    def play(self, sound: np.ndarray, drive: float, tone: float = 0.5) -> np.ndarray:
        """The plug-in's own output for sound (samples,) at 48 kHz and knobs in 0..1, late and offset as it is, float64.

        Raises PluginError, and ValueError for a knob outside 0..1.
        """
        if not (0 <= drive <= 1 and 0 <= tone <= 1):
            raise ValueError(f"{self.name}: drive {drive} and tone {tone} must be in 0..1")
        controls, gain_db = dict(self.controls), 0.0
        for knob, turn in ((self.drive, drive), (self.tone, tone)):
            if knob is not None and knob.port is not None:
                controls[knob.port] = knob.value(turn)
            elif knob is not None:
                gain_db += knob.value(turn)
        if not self.installed():
            packages = self.package if self.host == "ladspa" else f"{self.package} lilv-utils"
            raise PluginError(f"{self.name}: {self.address} is not here; install the Debian packages {packages}")
        host = _play_ladspa if self.host == "ladspa" else _play_lv2
        wet = host(self, (10 ** (gain_db / 20) * sound).astype(np.float32), controls).astype(float)
        if len(wet) != len(sound):
            raise PluginError(f"{self.name}: gave {len(wet)} samples for {len(sound)}; leave it out")
        if not np.abs(wet).max(initial=0.0) < LOUDEST:  # not a number is not less either
            raise PluginError(f"{self.name}: gave NaN or ran away at drive {drive}, tone {tone}; leave it out")
        return wet

    def render(self, dry: np.ndarray, drive: float, tone: float = 0.5) -> np.ndarray:
        """Wet for dry (samples,) in [-1, 1] at 48 kHz and knobs in 0..1: as long, within [-1, 1], zero for silence.

        Latency and DC offset at rest are removed, a circuit that inverts at low drive is turned upright so that all
        have one polarity, and the level is one constant a plug-in. Raises PluginError, and ValueError for a knob
        outside 0..1.
        """
        calibration = calibrate(self)
        wet, _ = self._at_rest(dry, drive, tone)
        sign = -1.0 if calibration.inverted else 1.0
        late = wet[WARM_UP + calibration.lag :][: len(dry)]
        return np.clip(sign * calibration.level * late, -1.0, 1.0)

    def _at_rest(self, dry: np.ndarray, drive: float, tone: float) -> tuple[np.ndarray, float]:
        """Output behind the coupling capacitor, warm-up and tail included, and the DC offset taken from it."""
        wet = self.play(np.concatenate([np.zeros(WARM_UP), dry, np.zeros(TAIL)]), drive, tone)
        offset = float(wet[WARM_UP - RESTING : WARM_UP].mean())
        wet = wet - offset
        if self.coupling_hz:
            wet = lfilter(*butter(1, self.coupling_hz, "highpass", fs=RATE), wet)
        return wet, offset

    def offset(self, drive: float, tone: float = 0.5) -> float:
        """The DC offset at rest that `render` removes, on the scale of the wet sound."""
        return calibrate(self).level * self._at_rest(np.zeros(1), drive, tone)[1]


def reference() -> np.ndarray:
    """A loud programme, 1 s: plucked notes and a drum-like burst, each at full scale."""
    time = np.arange(RATE // 4) / RATE
    notes = [sum(np.sin(2 * np.pi * hz * k * time) / k for k in range(1, 9)) for hz in (82.0, 220.0, 660.0)]
    burst = np.random.default_rng(0).standard_normal(len(time))
    return np.concatenate([note * np.exp(-6 * time) / np.abs(note).max() for note in (*notes, burst)])


@functools.cache
def calibrate(plugin: Plugin) -> Calibration:
    """Measures a plug-in, once a process. The lag is the whole number of samples that fits quiet noise best at low
    drive; the level holds for the reference at all ends of the knobs.

    Raises PluginError, also when the output has nothing in common with the input.
    """
    noise = QUIET * np.random.default_rng(1).standard_normal(RATE // 2)
    heard = plugin._at_rest(noise, 0.0, 0.5)[0][WARM_UP:]
    try:
        lag = find_lag(noise, heard[: len(noise)], TAIL)
    except ValueError as error:
        raise PluginError(f"{plugin.name}: its latency cannot be measured ({error}); leave it out") from error
    inverted = bool(np.dot(*aligned(noise, heard, lag)) < 0)
    turns = [(0.0, 0.5), (0.5, 0.5), (1.0, 0.5)] + ([(1.0, 0.0), (1.0, 1.0)] if plugin.tone else [])
    peak = max(float(np.abs(plugin._at_rest(reference(), *turn)[0][WARM_UP:]).max()) for turn in turns)
    return Calibration(lag, inverted, PEAK / peak)


def _run(plugin: Plugin, command: list[str], samples: int, given: bytes = b"") -> bytes:
    """Runs a host; whatever goes wrong in it becomes a PluginError."""
    patience = PATIENCE_S + samples / RATE
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=patience, check=False)
    except subprocess.TimeoutExpired as error:
        raise PluginError(f"{plugin.name}: no answer within {patience:.0f} s; leave it out") from error
    if done.returncode < 0:
        what = signal.Signals(-done.returncode).name
        raise PluginError(f"{plugin.name}: crashed with {what}; leave it out, or try another version")
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines() or ["no message"]
        raise PluginError(f"{plugin.name}: {plugin.address} cannot be played: {said[-1]}")
    return done.stdout


def _play_ladspa(plugin: Plugin, sound: np.ndarray, controls: dict[str, float]) -> np.ndarray:
    library, _, label = plugin.address.partition(":")
    program = str(Path(__file__).with_name("ladspa.py"))
    # Isolated and without site-packages: starts faster, and the modules of this folder cannot shadow Python's.
    command = [sys.executable, "-I", "-S", program, str(LADSPA_FOLDER / library), label, str(RATE)]
    wet = _run(plugin, [*command, json.dumps(controls)], len(sound), sound.tobytes())
    return np.frombuffer(wet, np.float32)


@functools.cache
def _lv2_addresses() -> frozenset[str]:
    if not (shutil.which("lv2ls") and shutil.which("lv2apply")):
        return frozenset()
    return frozenset(subprocess.run(["lv2ls"], capture_output=True, text=True, check=False).stdout.split())


def _play_lv2(plugin: Plugin, sound: np.ndarray, controls: dict[str, float]) -> np.ndarray:
    """Through `lv2apply`, which reads and writes files; of several outputs the first."""
    with tempfile.TemporaryDirectory() as folder:
        dry, wet = f"{folder}/dry.wav", f"{folder}/wet.wav"
        try:
            soundfile.write(dry, sound, RATE, "FLOAT")
        except soundfile.LibsndfileError as error:
            raise OSError(f"{dry}: {error}") from error
        settings = [word for name, value in controls.items() for word in ("-c", name, repr(value))]
        _run(plugin, ["lv2apply", "-i", dry, "-o", wet, *settings, plugin.address], len(sound))
        try:
            return soundfile.read(wet, dtype="float32", always_2d=True)[0][:, 0]
        except soundfile.LibsndfileError as error:
            raise PluginError(f"{plugin.name}: {plugin.address} gave no sound ({error})") from error
