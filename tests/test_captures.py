# SPDX-License-Identifier: MIT
"""Recorded pairs of any rate, length and polarity come out in time; what cannot be used is refused by name, and a
folder gives the rest.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from programmes import noise_bursts

from model.captures import CaptureError, PairError, load_captures, load_pair
from model.sources import SourceError, load_recording

RATE = 48_000
LAG = 500


def late(sound, samples):
    return np.pad(sound, (samples, 0))


def write_pair(folder, dry, wet, wet_rate=RATE) -> tuple[Path, Path]:
    soundfile.write(folder / "dry.wav", dry, RATE, subtype="FLOAT")
    soundfile.write(folder / "wet.wav", wet, wet_rate, subtype="FLOAT")
    return folder / "dry.wav", folder / "wet.wav"


@pytest.mark.parametrize("sign", [1, -1])
def test_a_late_pair_of_either_polarity_comes_out_in_time_and_upright(tmp_path, sign):
    dry = noise_bursts()
    pair = load_pair(*write_pair(tmp_path, dry, sign * late(np.tanh(3 * dry), LAG)), RATE)
    assert pair.lag_samples == LAG and pair.inverted == (sign < 0)
    assert len(pair.dry) == len(pair.wet) == len(dry)
    np.testing.assert_allclose(pair.wet, np.tanh(3 * pair.dry), atol=1e-6)  # float32 files


def test_an_early_wet_loses_its_missing_start(tmp_path):
    dry = noise_bursts()
    pair = load_pair(*write_pair(tmp_path, dry, dry[LAG:]), RATE)
    assert pair.lag_samples == -LAG
    np.testing.assert_allclose(pair.wet, dry[LAG:], atol=1e-6)
    np.testing.assert_allclose(pair.dry, dry[LAG:], atol=1e-6)


def test_rates_channels_and_levels_may_differ(tmp_path):
    dry = noise_bursts()
    wet = np.pad(0.1 * dry, (LAG, 460))  # 2.02 s, whole numbers of samples at both rates
    slower = np.fft.irfft(np.fft.rfft(wet)[: 89_082 // 2 + 1]) * 44_100 / RATE
    pair = load_pair(*write_pair(tmp_path, dry, np.stack([slower, slower], axis=1), 44_100), RATE)
    assert pair.lag_samples == LAG
    error = pair.wet[2_000:-2_000] - 0.1 * pair.dry[2_000:-2_000]
    # The resampler's pass band is flat to about 0.1 dB; a lag wrong by one sample would leave about -5 dB.
    assert 10 * np.log10(np.mean(error**2) / np.mean(pair.wet**2)) < -35


def test_polarity_is_heard_where_filters_have_turned_the_low_notes(tmp_path):
    """A first-order all-pass at 3 kHz turns everything low upside down and leaves the highs; the latter decide."""
    rng = np.random.default_rng(3)
    bright = 0.1 * rng.normal(size=2 * RATE)
    low = 0.5 * np.sin(2 * np.pi * 80 * np.arange(2 * RATE) / RATE)
    pair = load_pair(*write_pair(tmp_path, bright + low, bright - low), RATE)
    assert not pair.inverted
    assert np.dot(bright + low, bright - low) < 0  # what a plain product would have said


def faulty(kind, dry):
    rng = np.random.default_rng(7)
    return {
        "silent": np.zeros(len(dry)),
        "not finite": np.where(np.arange(len(dry)) == 9_000, np.nan, dry),
        "too short": dry[: RATE // 4],
        "no common sound": rng.normal(size=len(dry)) * 0.1,
    }[kind]


@pytest.mark.parametrize("kind", ["silent", "not finite", "too short", "no common sound"])
def test_a_faulty_pair_is_one_error_that_names_the_file_and_the_reason(tmp_path, kind):
    dry = noise_bursts()
    with pytest.raises(PairError, match=r"wet\.wav") as error:
        load_pair(*write_pair(tmp_path, dry, faulty(kind, dry)), RATE)
    assert error.value.reason == kind


def test_a_file_that_is_no_audio_or_absent_is_unreadable(tmp_path):
    dry, wet = write_pair(tmp_path, noise_bursts(), noise_bursts())
    wet.write_bytes(b"RIFF and nothing else")
    headless = tmp_path / "headless.raw"
    headless.write_bytes(bytes(RATE))
    for path in (wet, headless, tmp_path / "absent.wav"):
        with pytest.raises(PairError, match=path.name) as error:
            load_pair(dry, path, RATE)
        assert error.value.reason == "unreadable"
    with pytest.raises(SourceError):  # the same file is refused as dry audio for training
        load_recording(wet, RATE)


def write_table(folder, *rows, header="device,dry,wet,drive,tone"):
    dry = noise_bursts()
    write_pair(folder, dry, late(np.tanh(4 * dry), LAG))
    soundfile.write(folder / "silent.wav", np.zeros(RATE), RATE)
    soundfile.write(folder / "inverted.wav", -np.tanh(4 * dry), RATE, subtype="FLOAT")
    (folder / "captures.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8-sig")


def test_a_folder_gives_its_usable_rows_and_the_others_by_reason(tmp_path):
    write_table(
        tmp_path,
        "muff,dry.wav,wet.wav,0.25,0.75",
        "muff,dry.wav,silent.wav,0.5,",
        "muff,dry.wav,absent.wav,0.5,",
        "muff,dry.wav,wet.wav,11,",
        "muff,dry.wav,wet.wav,half,",
        ",dry.wav,wet.wav,0.5,",
        "muff,dry.wav",
        " fuzz , dry.wav , wet.wav ,1,",
    )
    captures, rejected = load_captures(tmp_path, RATE)
    assert [(c.device, c.drive, c.tone) for c in captures] == [("muff", 0.25, 0.75), ("fuzz", 1.0, 0.5)]
    np.testing.assert_allclose(captures[0].pair.wet, np.tanh(4 * captures[0].pair.dry), atol=1e-6)  # float32 files
    counts = {reason: len(rows) for reason, rows in rejected.items()}
    assert counts == {"silent": 1, "unreadable": 1, "knob outside 0..1": 2, "incomplete row": 2}
    assert rejected["silent"][0].startswith("line 3: ") and "silent.wav" in rejected["silent"][0]


def test_drive_and_tone_are_at_noon_where_the_table_does_not_say(tmp_path):
    write_table(tmp_path, "muff,dry.wav,wet.wav", header="device,dry,wet")
    (capture,), rejected = load_captures(tmp_path, RATE)
    assert (capture.drive, capture.tone, rejected) == (0.5, 0.5, {})


@pytest.mark.parametrize("first, other", [("wet.wav", "inverted.wav"), ("inverted.wav", "wet.wav")])
def test_all_settings_of_a_device_are_turned_like_the_one_with_the_lowest_drive(tmp_path, first, other):
    write_table(tmp_path, f"folder,dry.wav,{other},0.9,", f"folder,dry.wav,{first},0.1,", f"x,dry.wav,{other},0.9,")
    high, low, alone = load_captures(tmp_path, RATE)[0]
    assert low.pair.inverted == high.pair.inverted == (first == "inverted.wav")
    assert np.dot(low.pair.dry, low.pair.wet) > 0 > np.dot(high.pair.dry, high.pair.wet)
    assert np.dot(alone.pair.dry, alone.pair.wet) > 0


@pytest.mark.parametrize(
    "damage, message",
    [
        ("no table", r"captures\.csv: cannot be read"),
        ("binary table", r"captures\.csv: cannot be read"),
        ("no column", r"no column wet"),
        ("no rows", "no rows"),
        ("no usable row", r"1 silent, 1 unreadable.*line 2"),
    ],
)
def test_a_folder_without_a_usable_pair_is_one_error(tmp_path, damage, message):
    write_table(tmp_path, "muff,dry.wav,silent.wav,,", "muff,dry.wav,absent.wav,,")
    table = tmp_path / "captures.csv"
    if damage == "no table":
        table.unlink()
    elif damage == "binary table":
        table.write_bytes(bytes(range(256)))
    elif damage == "no column":
        table.write_text("device,dry\nmuff,dry.wav\n")
    elif damage == "no rows":
        table.write_text("device,dry,wet\n")
    with pytest.raises(CaptureError, match=message):
        load_captures(tmp_path, RATE)
