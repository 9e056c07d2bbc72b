# SPDX-License-Identifier: MIT
"""Wet becomes as loud as dry whatever is played, slowly, within bounds, and rests where it is: firmware/core's
loudness_match.h, as it is heard around the released decoders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sounds import (
    BLOCK,
    BLOCKS_PER_SECOND,
    ENGINE,
    RATE,
    STUB,
    UNMATCHED,
    SoundLibrary,
    compile_sound,
    loudness_db,
    sounds,
)

from host_tools.learning import loudest_clips
from quantize.graph import SCHEMES

LATENCY = 6  # of the released decoders
BOUND_DB = 6.02
SETTLED_S = 3.0  # 6 dB at 4 dB a second, and the average before it
LEVEL_DB = -16.5  # of recordings whose peaks just fit
INSTRUMENTS = 4  # of the recordings; two chords, a bass and a drum among them
SPOTS = np.random.default_rng(7).uniform(-1, 1, (6, 2))


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> SoundLibrary:
    return compile_sound(tmp_path_factory.mktemp("match") / "sound.so", ENGINE)


@pytest.fixture(scope="module")
def unmatched(tmp_path_factory: pytest.TempPathFactory) -> SoundLibrary:
    return compile_sound(tmp_path_factory.mktemp("unmatched") / "sound.so", ENGINE, UNMATCHED)


def instruments() -> list[np.ndarray]:
    """Half a second of each, whole blocks, all at one power."""
    clips = [clip[: len(clip) // BLOCK * BLOCK] for clip in loudest_clips(RATE, INSTRUMENTS)]
    return [np.clip(clip * 10 ** (LEVEL_DB / 20) / np.sqrt(np.square(clip).mean()), -1, 1) for clip in clips]


def again(clip: np.ndarray, seconds: float) -> np.ndarray:
    """Over and over."""
    return np.tile(clip, -(-round(seconds * RATE) // len(clip)))


def off_db(library: SoundLibrary, clip: np.ndarray, x: float, y: float) -> float:
    """How much louder than dry the clip's last repetition comes out after SETTLED_S at a spot."""
    dry = np.concatenate([again(clip, SETTLED_S), clip])
    out = library.play_settled("int16x8", sounds(len(dry) // BLOCK, x=x, y=y), dry).out.astype(np.float64)
    return loudness_db(out[-len(clip) :]) - loudness_db(np.roll(clip, LATENCY))


def test_any_instrument_is_as_loud_as_dry_at_any_spot(engine: SoundLibrary, unmatched: SoundLibrary) -> None:
    """As far as 6 dB go. A quarter of a decibel is where the gain rests; the rest is for one pole in the place of the
    shelf's two.
    """
    clips = instruments()
    matched, plain = (
        np.array([off_db(library, clip, x, y) for clip in clips for x, y in SPOTS]) for library in (engine, unmatched)
    )
    assert matched == pytest.approx(plain - np.clip(plain, -BOUND_DB, BOUND_DB), abs=0.5)
    assert np.mean(np.abs(matched) < 0.5) > 0.9 and np.mean(np.abs(plain) > 1) > 0.25


def gains_db(matched: SoundLibrary, unmatched: SoundLibrary, passage: np.ndarray, audio: np.ndarray) -> np.ndarray:
    """What matching adds in each block; nan where there is no sound."""
    played = (library.play_powered_up("int16x8", passage, audio).out for library in (matched, unmatched))
    power, plain_power = (np.square(out.astype(np.float64).reshape(-1, BLOCK)).sum(axis=1) for out in played)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(plain_power > 0, 10 * np.log10(power / plain_power), np.nan)


def test_a_beat_does_not_pump(engine: SoundLibrary, unmatched: SoundLibrary) -> None:
    """120 drums a minute, each an eighth of a second, at spots where the match has most to do."""
    time = np.arange(RATE // 2) / RATE
    drum = np.random.default_rng(0).uniform(-1, 1, time.size) * np.exp(-18 * time)
    audio = again(drum, 8.0)
    for x, y in SPOTS[:2]:
        gains = gains_db(engine, unmatched, sounds(len(audio) // BLOCK, x=x, y=y), audio)
        settled = gains[4 * BLOCKS_PER_SECOND :]
        assert np.ptp(settled[np.isfinite(settled)]) < 0.5


@pytest.fixture(scope="module")
def too_loud(tmp_path_factory: pytest.TempPathFactory) -> tuple[SoundLibrary, SoundLibrary]:
    """Around the stub's echo, a match that hears wet 20 dB louder than it is; and none."""
    folder = tmp_path_factory.mktemp("too_loud")
    fault = ("sound.in_gain, wet_, loudness.makeup", "sound.in_gain, wet_, 10 * loudness.makeup")
    return compile_sound(folder / "match.so", STUB, fault), compile_sound(folder / "plain.so", STUB, UNMATCHED)


def tone(seconds: float, peak: float = 0.3) -> np.ndarray:
    """One period is a block."""
    return peak * np.sin(2 * np.pi * BLOCKS_PER_SECOND * np.arange(round(seconds * BLOCKS_PER_SECOND) * BLOCK) / RATE)


def test_the_gain_walks_slowly_to_its_bound(too_loud: tuple[SoundLibrary, SoundLibrary]) -> None:
    audio = tone(3)
    gains = gains_db(*too_loud, sounds(len(audio) // BLOCK), audio)
    assert np.abs(np.diff(gains)).max() <= 4.01 / BLOCKS_PER_SECOND
    assert gains[-500:] == pytest.approx(-BOUND_DB, abs=0.005)
    assert gains[BLOCKS_PER_SECOND] == pytest.approx(-4, abs=0.1)


def test_pauses_and_hum_move_nothing(too_loud: tuple[SoundLibrary, SoundLibrary]) -> None:
    """Half a second of sound, then of silence, of hum at -55 dBFS, of sound again, in which the gain goes on."""
    audio = np.concatenate([tone(0.5), np.zeros(RATE), tone(1, peak=0.0025), tone(0.2)])
    gains = gains_db(*too_loud, sounds(len(audio) // BLOCK), audio)
    held = gains[2_000:2_495]
    assert held.max() < -1.5 and np.ptp(held) < 1e-3
    assert held[0] == pytest.approx(gains[499], abs=0.05)  # the ear's high-pass rings for some milliseconds
    assert gains[-1] < held[0] - 0.7


def test_a_gain_that_has_nothing_to_do_is_still_to_the_bit(tmp_path: Path) -> None:
    """The stub's echo is as loud as dry."""
    matched = compile_sound(tmp_path / "match.so", STUB)
    plain = compile_sound(tmp_path / "plain.so", STUB, UNMATCHED)
    audio = np.concatenate([tone(1), np.zeros(RATE), tone(1)])
    passage = sounds(len(audio) // BLOCK, mix=0.6)
    first, second = (library.play_settled("int16x8", passage, audio).out for library in (matched, plain))
    assert np.array_equal(first, second)


def test_another_decoder_starts_at_its_tables_loudness(too_loud: tuple[SoundLibrary, SoundLibrary]) -> None:
    audio = tone(2)
    scheme = np.where(np.arange(len(audio) // BLOCK) < 1_000, SCHEMES["int16x8"].code, SCHEMES["int8"].code)
    gains = gains_db(*too_loud, sounds(len(scheme), scheme=scheme), audio)
    assert gains[990] < -3.5 and abs(gains[1_060]) < 0.3
