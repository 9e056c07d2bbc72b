# SPDX-License-Identifier: MIT
"""Audio files in and out: what is refused, what is put right and said, and that nothing half-written is left."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile

from host_tools.audio import RECORDED_PACKAGE, encode_audio, load_audio, recorded_audio, save_audio
from host_tools.errors import UserError
from host_tools.files import write_atomically

RATE = 48_000


def sine(seconds: float = 0.1, rate: int = RATE, level: float = 0.5, hz: float = 440.0) -> np.ndarray:
    return level * np.sin(2 * np.pi * hz * np.arange(round(seconds * rate)) / rate)


def write(path: Path, samples: np.ndarray, rate: int = RATE, subtype: str = "PCM_16") -> Path:
    soundfile.write(path, samples, rate, subtype=subtype)
    return path


def test_a_mono_file_at_the_right_rate_is_taken_as_it_is(tmp_path):
    path = write(tmp_path / "a.wav", sine(), subtype="DOUBLE")
    audio = load_audio(path, RATE)
    assert np.array_equal(audio.samples, sine())
    assert audio.note == ""


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("missing.wav", None, "no such file"),
        ("empty.wav", b"", "empty"),
        ("text.wav", b"this is not audio\n" * 50, "not an audio file"),
        ("noise.raw", bytes(range(256)) * 8, "not an audio file"),
        ("riff.wav", b"RIFF\x24\x00\x00\x00WAVEfmt ", "not an audio file|no samples"),
    ],
)
def test_what_is_not_audio_is_refused_in_one_sentence(tmp_path, name, content, words):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match=words) as refusal:
        load_audio(path, RATE)
    assert name in str(refusal.value) and "\n" not in str(refusal.value)


def test_a_folder_is_refused(tmp_path):
    with pytest.raises(UserError, match="cannot be read"):
        load_audio(tmp_path, RATE)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_and_infinity_are_refused_and_counted(tmp_path, bad):
    samples = sine()
    samples[[5, 9]] = bad
    with pytest.raises(UserError, match="2 samples are NaN or infinite"):
        load_audio(write(tmp_path / "nan.wav", samples, subtype="FLOAT"), RATE)


def test_a_file_without_samples_is_refused(tmp_path):
    with pytest.raises(UserError, match="no samples"):
        load_audio(write(tmp_path / "none.wav", np.zeros(0)), RATE)


def test_an_impossible_rate_is_refused(tmp_path):
    with pytest.raises(UserError, match="says its sample rate is 7 Hz"):
        load_audio(write(tmp_path / "slow.wav", sine(), rate=7), RATE)


def test_silence_is_refused_unless_wanted(tmp_path):
    path = write(tmp_path / "silent.wav", np.zeros(100))
    with pytest.raises(UserError, match="only silence"):
        load_audio(path, RATE)
    audio = load_audio(path, RATE, allow_silence=True)
    assert not audio.samples.any() and "silence" in audio.note


def test_stereo_is_mixed_and_said(tmp_path):
    left, right = sine(hz=300), sine(hz=500, level=0.3)
    audio = load_audio(write(tmp_path / "stereo.wav", np.stack([left, right], axis=1), subtype="DOUBLE"), RATE)
    assert np.allclose(audio.samples, (left + right) / 2)
    assert audio.note == "stereo.wav: 2 channels mixed to one"


def test_channels_that_cancel_are_refused(tmp_path):
    with pytest.raises(UserError, match="cancel"):
        load_audio(write(tmp_path / "anti.wav", np.stack([sine(), -sine()], axis=1)), RATE)


def test_another_rate_is_resampled_and_said(tmp_path):
    audio = load_audio(write(tmp_path / "cd.wav", sine(1.0, 44_100), 44_100), RATE)
    assert audio.samples.size == RATE
    middle = slice(1000, -1000)
    assert np.abs(audio.samples - sine(1.0))[middle].max() < 0.01  # one percent of a full-scale sine
    assert audio.note == "cd.wav: resampled from 44100 to 48000 Hz"


def test_clipping_is_said(tmp_path):
    audio = load_audio(write(tmp_path / "hot.wav", np.clip(sine(level=2.0), -1, 1)), RATE)
    assert "clipped" in audio.note
    loud = load_audio(write(tmp_path / "loud.wav", sine(level=0.99)), RATE)
    assert loud.note == ""


def test_peaks_above_full_scale_are_turned_down_and_said(tmp_path):
    audio = load_audio(write(tmp_path / "over.wav", sine(level=2.0), subtype="FLOAT"), RATE)
    assert np.abs(audio.samples).max() == 1.0
    assert audio.note == "over.wav: peaks above full scale, turned down by 6.02 dB"


def test_saving_and_loading_keep_24_bits(tmp_path):
    path = save_audio(tmp_path / "new" / "wet.wav", sine(), RATE)
    assert np.abs(load_audio(path, RATE).samples - sine()).max() <= 2.0**-23  # libsndfile truncates to the step
    assert soundfile.info(path).subtype == "PCM_24"


def test_saving_clamps_instead_of_wrapping_round():
    samples, _ = soundfile.read(io.BytesIO(encode_audio(np.array([1.5, -1.5]), RATE)))
    assert samples[0] > 0.999 and samples[1] == -1.0


def test_a_failed_write_leaves_nothing_and_keeps_what_was_there(tmp_path, monkeypatch):
    path = write_atomically(tmp_path / "a.txt", "first")
    monkeypatch.setattr("os.replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, "second")
    assert path.read_text() == "first"
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.txt"]


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_place_that_cannot_be_written_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UserError, match="cannot write"):
        write_atomically(tmp_path / "file" / "wet.wav", b"")


def test_recorded_audio_names_the_package_when_absent(tmp_path, monkeypatch):
    monkeypatch.setattr("host_tools.audio.RECORDED_FOLDER", tmp_path)
    with pytest.raises(UserError, match=RECORDED_PACKAGE):
        recorded_audio(2)


def test_every_recording_in_the_list_is_usable_audio():
    paths = recorded_audio()
    assert len(paths) == len(set(paths)) >= 8
    for path in paths:
        assert load_audio(path, RATE).samples.size > RATE // 4
