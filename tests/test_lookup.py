# SPDX-License-Identifier: MIT
"""Which pedal and knob made a sound is found again, by ear and from the command line."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch
from programmes import SMALL, noise_bursts
from rich.console import Console

from host_tools import cli
from model import lookup
from model.checkpoint import save_weights
from model.config import AudioConfig
from model.devices import TONE, DeviceError, device
from model.layout import Layout, Place
from model.lookup import look_up
from model.plugins import PluginError
from model.vae import DistortionVae

AUDIO = AudioConfig(oversampling=2)
NAMES = ("soft_clip", "rat", "wavefolder", "full_wave", "hard_clip")
DRY = 0.5 * noise_bursts()[:9_600]


def quiet() -> Console:
    return Console(file=io.StringIO(), width=200)


def test_the_pedal_and_its_knobs_are_found_whatever_the_level() -> None:
    target = 0.2 * device("rat", AUDIO).play(DRY, 0.6, 0.2)
    first, *others = look_up(DRY, target, NAMES, AUDIO, quiet())
    assert first.device == "rat" and first.tone is not None and first.esr < 2e-3
    assert abs(first.drive - 0.6) < 0.05 and abs(first.tone - 0.2) < 0.05  # half a mark on a knob of ten
    errors = [likeness.esr for likeness in others]
    assert errors == sorted(errors) and errors[0] > 10 * first.esr and len(errors) == len(NAMES) - 1


def test_a_device_without_tone_has_none() -> None:
    (found,) = look_up(DRY, device("soft_clip", AUDIO).play(DRY, 0.4), ["soft_clip"], AUDIO, quiet())
    assert found.tone is None and found.drive == pytest.approx(0.4, abs=0.05)


def test_a_device_that_crashes_at_other_knobs_is_not_tuned_and_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    rat = device("rat", AUDIO)

    def play(dry: np.ndarray, drive: float, tone: float) -> np.ndarray:
        if tone != TONE:
            raise PluginError("rat: crashed with SIGSEGV")
        return rat.play(dry, drive, tone)

    monkeypatch.setattr(lookup, "device", lambda name, audio: replace(rat, play=play))
    console = quiet()
    (found,) = look_up(DRY, rat.play(DRY, 0.5), ["rat"], AUDIO, console)
    assert (found.drive, found.tone) == (0.5, TONE) and found.esr < 1e-9
    assert "not tuned: rat: crashed with SIGSEGV" in console.file.getvalue()  # type: ignore[attr-defined]


def test_a_device_that_crashes_is_left_out_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def crashing(name: str, audio: AudioConfig) -> Any:
        if name != "rat":
            return device(name, audio)
        raise PluginError("rat: crashed with SIGSEGV")

    monkeypatch.setattr(lookup, "device", crashing)
    console = quiet()
    found = look_up(DRY, DRY, ["rat", "soft_clip"], AUDIO, console)
    assert [likeness.device for likeness in found] == ["soft_clip"]
    assert "left out: rat: crashed with SIGSEGV" in console.file.getvalue()  # type: ignore[attr-defined]
    with pytest.raises(DeviceError, match="no device could be asked"):
        look_up(DRY, DRY, ["rat"], AUDIO, quiet())


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    torch.manual_seed(1)
    folder = tmp_path / "weights"
    save_weights(folder, DistortionVae(SMALL).state_dict(), SMALL, {})
    places = (Place("soft_clip", "soft", 0.0, -3.0, -3.0), Place("soft_clip", "soft", 1.0, -3.0, 3.0))
    Layout(places).save(folder)
    return folder


def command(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["gritspace", "lookup", *map(str, words)])
    return cli.main()


def test_a_spot_is_looked_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, weights: Path
) -> None:
    words = ("--z", -2.5, 0.0, "--devices", "soft_clip,hard_clip", "--json", tmp_path / "found.json")
    assert command(monkeypatch, *words, "--weights", weights) == 0
    assert "on the map soft_clip at drive 0.50 is next, 0.50 away" in capsys.readouterr().out
    written = json.loads((tmp_path / "found.json").read_text())
    assert written["nearest"] == {"device": "soft_clip", "drive": pytest.approx(0.5), "away": pytest.approx(0.5)}
    assert {row["device"] for row in written["results"]} == {"soft_clip", "hard_clip"}


def test_a_recording_is_looked_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, weights: Path
) -> None:
    dry = 0.5 * noise_bursts()[:48_000]
    wet = np.concatenate([np.zeros(500), 0.3 * device("hard_clip", SMALL.audio).play(dry, 0.7)])
    for name, sound in (("dry", dry), ("wet", wet)):
        soundfile.write(tmp_path / f"{name}.wav", sound, 48_000, "FLOAT")
    words = (tmp_path / "dry.wav", tmp_path / "wet.wav", "--devices", "soft_clip,hard_clip", "--weights", weights)
    assert command(monkeypatch, *words, "--json", tmp_path / "found.json") == 0
    first = json.loads((tmp_path / "found.json").read_text())["results"][0]
    assert first["device"] == "hard_clip" and first["drive"] == pytest.approx(0.7, abs=0.05) and first["esr"] < 1e-3
    assert "hard_clip" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give either a spot, --z X Y, or a recording"),
        (("a.wav", "b.wav", "--z", 0, 0), "give either a spot, --z X Y, or a recording"),
        (("a.wav", "--z", 0, 0), "give either a spot, --z X Y, or a recording"),
        (("a.wav",), "give either a spot, --z X Y, or a recording"),
        (("--z", 0, 4), "the map ends at 3; give X and Y within -3 and 3"),
        (("--z", 0, 0, "--devices", "kazoo"), "kazoo is no device; there are"),
        (("nowhere.wav", "b.wav"), "nowhere.wav"),
    ],
)
def test_what_cannot_be_looked_up_is_refused(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    weights: Path,
    words: tuple[object, ...],
    said: str,
) -> None:
    assert command(monkeypatch, *words, "--weights", weights) == 2
    message = capsys.readouterr().err
    assert said in message and message.count("\n") == 1
