# SPDX-License-Identifier: MIT
"""Programmes are the same for the same recipe, in time, made once and resumable; recordings come in any rate."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from rich.console import Console

import model.data
from model.config import AudioConfig, Config
from model.data import (
    DataError,
    Programme,
    Recipe,
    Setting,
    Windows,
    build,
    delayed,
    draw_dry,
    grid,
    make_programme,
    training_recipe,
)
from model.signals import SignalFactors, render_signal
from model.sources import Recording, SourceError, load_folder, load_recording

RATE = 48_000
AUDIO = AudioConfig()
RECIPE = Recipe("training", 0.5, 1)
FACTORS = SignalFactors("additive", 440.0, -12.0, 0.5, 2.0, 0.0, 0.0)
SETTINGS = grid(("soft_clip", "hard_clip"), (0.0, 1.0))


@pytest.mark.parametrize("kind", ["plucked_string", "additive"])
def test_a_clip_has_its_pitch(kind):
    factors = replace(FACTORS, kind=kind, pitch_hz=300.0, brightness=0.2)
    clip = render_signal(factors, RATE // 2, RATE, np.random.default_rng(3))
    correlation = np.correlate(clip, clip, "full")[len(clip) - 1 :]
    lag = 80 + int(np.argmax(correlation[80:400]))
    assert RATE / lag == pytest.approx(300.0, rel=0.02)


def test_a_late_onset_is_preceded_by_silence():
    clip = render_signal(replace(FACTORS, onset=0.25), 4_000, RATE, np.random.default_rng(0))
    assert not clip[:1_000].any() and clip[1_000:].any()


class Here:
    """Stands in for the pool of processes: makes programmes in this one, so that a test can look on."""

    def __init__(self, *_, **__):
        self.made = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        pass

    def submit(self, function, *arguments):
        return Later(function, arguments)

    def shutdown(self, **_):
        pass


class Later:
    def __init__(self, function, arguments):
        self.function, self.arguments = function, arguments

    def result(self):
        return self.function(*self.arguments)


@pytest.fixture
def here(monkeypatch):
    monkeypatch.setattr(model.data, "ProcessPoolExecutor", Here)


def make(folder, settings=SETTINGS, recipe=RECIPE):
    said = io.StringIO()
    return build(folder, settings, recipe, AUDIO, Console(file=said, width=200)), said


def test_programmes_are_the_same_for_the_same_recipe_and_differ_between_splits_and_settings():
    first, again = (make_programme(SETTINGS[0], RECIPE, AUDIO)[0] for _ in range(2))
    assert np.array_equal(first.dry, again.dry) and np.array_equal(first.wet, again.wet)
    for setting, recipe in (
        (SETTINGS[0], replace(RECIPE, split="seen")),
        (SETTINGS[0], replace(RECIPE, seed=2)),
        (SETTINGS[1], RECIPE),
    ):
        assert not np.array_equal(first.dry, make_programme(setting, recipe, AUDIO)[0].dry)


def test_wet_lags_by_the_latency():
    late = make_programme(SETTINGS[0], RECIPE, replace(AUDIO, latency_samples=9))[0].wet
    prompt = make_programme(SETTINGS[0], RECIPE, replace(AUDIO, latency_samples=0))[0].wet
    assert np.array_equal(late[9:], prompt[:-9]) and not late[:9].any()
    assert np.array_equal(delayed(prompt, replace(AUDIO, latency_samples=0)), prompt)


def test_a_folder_of_programmes_is_what_two_processes_make_and_is_read_the_second_time(tmp_path, monkeypatch):
    programmes, said = make(tmp_path)
    assert "2 s of pairs in" in said.getvalue()
    assert [programme.setting for programme in programmes] == SETTINGS
    for programme in programmes:
        expected = make_programme(programme.setting, RECIPE, AUDIO)[0]
        assert np.array_equal(programme.dry, expected.dry) and np.array_equal(programme.wet, expected.wet)
    monkeypatch.setattr(model.data, "ProcessPoolExecutor", None)  # nothing is left to be made
    again, _ = make(tmp_path)
    assert all(np.array_equal(a.wet, b.wet) for a, b in zip(programmes, again, strict=True))


def test_pairs_are_made_although_networks_have_run(tmp_path, repository):
    """PyTorch's threads do not live on in a process that is forked, which must not wait for them."""
    program = f"""
import torch
from pathlib import Path
from model.config import AudioConfig
from model.data import Recipe, Setting, build
torch.set_num_threads(2)
torch.ones(1_000_000).double()
build(Path({str(tmp_path)!r}), [Setting("soft_clip", 0.5)], Recipe("training", 3.0, 1), AudioConfig())
"""
    # Not subprocess's timeout: workers that wait would outlive their parent.
    subprocess.run(["timeout", "--signal=KILL", "120", sys.executable, "-c", program], cwd=repository, check=True)


@pytest.mark.parametrize("failure", [KeyboardInterrupt(), OSError(28, "No space left on device")])
def test_what_was_made_before_an_interruption_is_kept(tmp_path, monkeypatch, here, failure):
    real, made = model.data.make_programme, []

    def until(setting, *arguments):
        made.append(setting)
        if len(made) == 3:
            raise failure
        return real(setting, *arguments)

    monkeypatch.setattr(model.data, "make_programme", until)
    with pytest.raises(type(failure)):
        make(tmp_path)
    assert len(list(tmp_path.glob("*.npy"))) == len(list(tmp_path.iterdir())) == 2
    programmes, _ = make(tmp_path)
    assert len(programmes) == 4 and made[3:] == SETTINGS[2:]


def test_a_disk_that_fills_within_a_file_leaves_no_half_of_it(tmp_path, monkeypatch, here):
    def half(file, array):
        file.write(b"half")
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr(model.data.np, "save", half)
        make(tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_setting_that_fails_a_check_is_left_out_and_said(tmp_path, monkeypatch, here):
    answers = iter(["silent", None, None, None])
    monkeypatch.setattr(model.data, "complaint", lambda *_: next(answers))
    programmes, said = make(tmp_path)
    assert [p.setting for p in programmes] == SETTINGS[1:]
    assert "left out soft_clip at 0: silent" in said.getvalue()


def test_no_usable_programme_is_an_error_with_its_reasons(tmp_path, monkeypatch, here):
    monkeypatch.setattr(model.data, "complaint", lambda *_: "silent")
    with pytest.raises(DataError, match=r"no usable pair of 4.*silent': 4"):
        make(tmp_path)


def test_windows_are_cut_alike_from_dry_and_wet_of_any_programme():
    programmes = [Programme(s, np.arange(9.0) + 100 * i, -np.arange(9.0) - 100 * i) for i, s in enumerate(SETTINGS)]
    dry, wet, which = Windows(programmes).draw(200, 4, torch.Generator().manual_seed(0))
    assert torch.equal(dry, -wet) and torch.equal(dry[:, 1:] - dry[:, :-1], torch.ones(200, 3, dtype=dry.dtype))
    assert torch.equal((dry[:, 0] // 100).long(), which) and set(which.tolist()) == {0, 1, 2, 3}
    assert {int(first) % 100 for first in dry[:, 0]} == set(range(6))  # from the first sample to the last window


@pytest.mark.parametrize("batch", [3, 4, 6])
def test_every_programme_comes_before_any_comes_again(batch):
    windows = Windows([Programme(s, np.arange(9.0), np.arange(9.0)) for s in SETTINGS])
    generator = torch.Generator().manual_seed(0)
    seen = [windows.draw(batch, 4, generator)[2] for _ in range(20)]
    assert all(int(torch.bincount(which, minlength=4).max()) == -(-batch // 4) for which in seen)
    assert all(len(set(which.tolist())) == min(batch, 4) for which in seen)
    assert len({tuple(which.tolist()) for which in seen}) > 5  # in another order each time


def test_recordings_are_resampled_mixed_and_normalised(tmp_path):
    sine = 0.1 * np.sin(2 * np.pi * 441 * np.arange(44_100) / 44_100)
    soundfile.write(tmp_path / "sine.wav", np.stack([sine, sine], axis=1), 44_100)
    (recording,) = load_folder(tmp_path, RATE)
    assert len(recording.samples) == 48_000 and np.abs(recording.samples).max() == pytest.approx(1.0)
    excerpt = recording.varied_excerpt(96_000, np.random.default_rng(0))
    assert excerpt.shape == (96_000,)


class Sevens(Recording):
    """A recording that can be told from anything else."""

    def varied_excerpt(self, samples, rng):
        return np.full(samples, 7.0)


@pytest.mark.parametrize(("share", "lowest", "highest"), [(0.0, 0.0, 0.0), (0.4, 0.3, 0.5), (1.0, 1.0, 1.0)])
def test_recordings_are_drawn_in_their_share(tmp_path, share, lowest, highest):
    """Some 240 clips: three standard deviations of their share are 0.1."""
    dry = draw_dry(np.random.default_rng(0), 60 * RATE, AUDIO, [Sevens(tmp_path, np.zeros(1))], share)
    assert dry.shape == (60 * RATE,) and lowest <= np.mean(dry == 7.0) <= highest


def test_training_uses_recordings_only_when_there_are_some(tmp_path):
    config = Config()
    assert training_recipe(config).recording_share == 0
    with_some = training_recipe(config, tmp_path)
    assert (with_some.recordings, with_some.recording_share) == (str(tmp_path), config.data.recording_share)
    fuzz = Setting("fuzz", 0.5)
    assert with_some.file_name(fuzz, AUDIO) != training_recipe(config).file_name(fuzz, AUDIO)


@pytest.fixture
def recordings(tmp_path):
    soundfile.write(tmp_path / "a.wav", 0.1 * np.sin(np.arange(5_000)), RATE)
    yield tmp_path
    model.data.contents.cache_clear()
    model.data.made_by.cache_clear()


def test_whatever_makes_another_sound_makes_another_file_of_the_same_draw(recordings, monkeypatch):
    fuzz, recipe = SETTINGS[0], replace(RECIPE, recordings=str(recordings), recording_share=0.5)
    seed, names = recipe.seed_of(fuzz), [recipe.file_name(fuzz, AUDIO)]
    names.append(recipe.file_name(fuzz, replace(AUDIO, latency_samples=9)))
    content = bytearray((recordings / "a.wav").read_bytes())
    content[-1] ^= 1
    (recordings / "a.wav").write_bytes(content)
    model.data.contents.cache_clear()
    names.append(recipe.file_name(fuzz, AUDIO))
    monkeypatch.setattr(model.data, "made_by", lambda: "other sources")
    names.append(recipe.file_name(fuzz, AUDIO))
    assert len(set(names)) == 4 and recipe.seed_of(fuzz) == seed
    (recordings / "b.wav").write_bytes(content)
    model.data.contents.cache_clear()
    assert recipe.seed_of(fuzz) != seed != replace(recipe, seed=5).seed_of(fuzz)


def test_the_modules_that_make_sound_are_all_there():
    """Those that `devices`, `signals` and `sources` stand on, found in their imports; numbers are in every name."""
    pattern = re.compile(r"^ *(?:from model\.(\w+) import|from model import ([\w, ]+)$)", re.MULTILINE)
    found, new = set(), {"devices", "signals", "sources"}
    while new:
        found |= new
        sources = [Path(model.data.__file__).with_name(f"{name}.py").read_text() for name in new]
        named = [match for source in sources for match in pattern.findall(source)]
        new = {name.strip() for one, several in named for name in (one or several).split(",")} - found
    assert found - {"config"} | {"data", "ladspa"} == set(model.data.MAKERS)  # the last one is a program of its own


@pytest.mark.parametrize(
    ("name", "content"),
    [("text.wav", b"hello"), ("empty.wav", b""), ("silent.wav", None), ("missing.wav", ...), ("slow.wav", 1)],
)
def test_a_file_that_holds_no_sound_is_named(tmp_path, name, content):
    path = tmp_path / name
    if content is None:
        soundfile.write(path, np.zeros(1_000), RATE)
    elif isinstance(content, int):  # a rate that would make an hour of some samples
        soundfile.write(path, np.ones(1_000), content)
    elif content is not ...:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=name):
        load_recording(path, RATE)


def test_a_folder_without_audio_is_named(tmp_path):
    with pytest.raises(SourceError, match="no audio files"):
        load_folder(tmp_path, RATE)


def test_an_unusable_folder_of_recordings_is_named_through_the_pool(tmp_path):
    with pytest.raises(SourceError, match="no audio files"):
        make(tmp_path / "data", recipe=replace(RECIPE, recordings=str(tmp_path / "empty"), recording_share=1.0))
