# SPDX-License-Identifier: MIT
"""A soundfont becomes files of sampled instruments: right notes at the right time, cached, and clear errors."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import soundfile

from model import soundfont
from model.soundfont import INSTRUMENTS, SOUNDFONT, Note, draw_notes, midi_file, render_soundfont
from model.sources import SourceError, load_folder

RATE = soundfont.SAMPLE_RATE
needs_fluidsynth = pytest.mark.skipif(
    not (shutil.which("fluidsynth") and SOUNDFONT.is_file()),
    reason="needs the Debian packages fluidsynth and timgm6mb-soundfont",
)


@pytest.fixture
def few(monkeypatch):
    """One instrument with chords, one without, one of drums."""
    names = ("guitar_clean", "bass_picked", "drums_standard")
    monkeypatch.setattr(soundfont, "INSTRUMENTS", tuple(i for i in INSTRUMENTS if i.name in names))


def test_a_midi_file_has_the_bytes_of_the_standard():
    file = midi_file([Note(0, 200, 60, 100), Note(200, 100, 60, 64)], program=27, channel=0, end_ms=500)
    header = bytes.fromhex("4d546864 00000006 0000 0001 01f4")
    track = "00ff510307a120 00c01b 00903c64 8148803c00 00903c40 64803c00 8148ff2f00"
    events = bytes.fromhex(track)
    assert file == header + b"MTrk" + len(events).to_bytes(4, "big") + events


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda i: i.name)
def test_notes_are_in_range_and_fill_the_time(instrument):
    notes = draw_notes(instrument, np.random.default_rng(1), seconds=30.0)
    keys = [note.key for note in notes]
    assert instrument.lowest - 12 < min(keys) and max(keys) <= instrument.highest  # a folded chord may go below
    assert all(1 <= note.velocity <= 127 for note in notes) and len({note.velocity for note in notes}) > 10
    assert np.diff([note.start_ms for note in notes]).max() < 1_600 and notes[-1].start_ms > 28_000
    together = len(notes) - len({note.start_ms for note in notes})
    assert bool(together) == (instrument.chords)
    assert notes == draw_notes(instrument, np.random.default_rng(1), seconds=30.0)


@needs_fluidsynth
def test_a_note_has_its_pitch_and_time():
    sound = soundfont._play(SOUNDFONT, midi_file([Note(500, 400, 69, 100)], 71, 0, 1_000), RATE)
    assert np.abs(sound[: RATE // 2 - 480]).max() < 0.001 * np.abs(sound).max()  # fluidsynth is within 64 samples
    power = np.abs(np.fft.rfft(sound)) ** 2
    frequency = np.fft.rfftfreq(len(sound), 1 / RATE)
    # The clarinet's loudest partial is a harmonic; half a semitone is 3 %.
    ratio = frequency[power.argmax()] / 440.0
    assert ratio == pytest.approx(max(round(ratio), 1), rel=0.03)


@needs_fluidsynth
def test_instruments_become_recordings_and_are_not_made_twice(few, tmp_path, monkeypatch):
    paths = render_soundfont(SOUNDFONT, tmp_path, seed=1, seconds=2.0)
    recordings = load_folder(tmp_path, RATE)
    assert [r.path for r in recordings] == sorted(paths) and len(paths) == 3
    for recording in recordings:
        assert len(recording.samples) == 2 * RATE
        windows = np.abs(recording.samples).reshape(-1, RATE // 10).max(axis=1)
        assert np.mean(windows > 1e-3) > 0.7  # rests and decays, but mostly sound
        assert abs(recording.samples.mean()) < 0.02
    assert soundfile.read(paths[0])[0].max() <= soundfont.PEAK + 1e-6
    content = paths[0].read_bytes()
    paths[0].unlink()
    render_soundfont(SOUNDFONT, tmp_path, seed=1, seconds=2.0)
    assert paths[0].read_bytes() == content  # the same seed, the same file
    monkeypatch.setenv("PATH", "")
    assert render_soundfont(SOUNDFONT, tmp_path, seed=1, seconds=2.0) == paths
    with pytest.raises(SourceError, match="install the Debian package fluidsynth"):
        render_soundfont(SOUNDFONT, tmp_path, seed=2, seconds=2.0)


def test_a_missing_soundfont_names_the_package(tmp_path):
    with pytest.raises(SourceError, match=r"absent\.sf2.*timgm6mb-soundfont"):
        render_soundfont(tmp_path / "absent.sf2", tmp_path, 1, 1.0)


@needs_fluidsynth
@pytest.mark.parametrize("length", [0, 5, 1_000_000])
def test_a_broken_soundfont_is_named_and_leaves_no_file(few, tmp_path, length):
    """fluidsynth itself ends well, with the sounds of the computer's default soundfont, or with silence."""
    broken = tmp_path / "broken.sf2"
    broken.write_bytes(SOUNDFONT.read_bytes()[:length])
    with pytest.raises(SourceError, match=r"broken\.sf2: fluidsynth cannot play it"):
        render_soundfont(broken, tmp_path / "out", 1, 1.0)
    assert not list(tmp_path.glob("out/*"))


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 3", "exit status 3"),
        ("exec sleep 5", "took more than"),
        ('while [ "$1" != -F ]; do shift; done; : > "$2"', "make room on the disk"),
    ],
)
def test_a_renderer_that_fails_is_reported(few, tmp_path, monkeypatch, script, message):
    program = tmp_path / "fluidsynth"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    monkeypatch.setattr(soundfont, "PATIENCE_S", 0.5)
    font = tmp_path / "any.sf2"
    font.write_bytes(b"RIFF")
    with pytest.raises(SourceError, match=message):
        render_soundfont(font, tmp_path / "out", 1, 1.0)


@needs_fluidsynth
def test_a_silent_instrument_is_refused(few, tmp_path, monkeypatch):
    monkeypatch.setattr(soundfont, "draw_notes", lambda instrument, rng, seconds: [])
    with pytest.raises(SourceError, match="silent"):
        render_soundfont(SOUNDFONT, tmp_path / "out", 1, 1.0)
