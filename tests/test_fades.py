# SPDX-License-Identifier: MIT
"""Bypass, overload, another scheme and power-up: what is heard before and after, and that the way there is no click."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.signal import butter, sosfilt
from sounds import BLOCK, BLOCKS_PER_SECOND, ENGINE, RATE, STUB, UNMATCHED, SoundLibrary, compile_sound, sounds

CLICK = 1e-3  # -60 dBFS
LATENCY = 6  # of the released decoders


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> SoundLibrary:
    """Without what remembers for longer than a fade how loud the sound was."""
    return compile_sound(tmp_path_factory.mktemp("fades") / "sound.so", ENGINE, UNMATCHED)


@pytest.fixture(scope="module")
def stub(tmp_path_factory: pytest.TempPathFactory) -> SoundLibrary:
    return compile_sound(tmp_path_factory.mktemp("stub") / "sound.so", STUB)


def sine(blocks: int, frequency_hz: float = 220.0, peak: float = 0.5) -> np.ndarray:
    return peak * np.sin(2 * np.pi * frequency_hz * np.arange(blocks * BLOCK) / RATE)


def late(audio: np.ndarray, samples: int = LATENCY) -> np.ndarray:
    return np.concatenate([np.zeros(samples), audio[:-samples]]).astype(np.float32)


def treble(out: np.ndarray) -> np.ndarray:
    """What of it is above 6 kHz, by a Butterworth filter of the 4th order."""
    return sosfilt(butter(4, 6_000, "highpass", fs=RATE, output="sos"), out.astype(np.float64))


def bypass_click(library: SoundLibrary) -> float:
    """The click of bypassing 100 times during a sine, full scale is 1.

    A click has all frequencies, a low sine none above 6 kHz: what is there comes from the switching, but for the
    little that either state has on its own. A fade lets no more of them through than there is, so the louder of the
    two is taken off. Of the stub, at full level: wet is the same sine, ten times as loud, and as clean as dry.
    """
    each, switches = 37, 100  # 37 ms: the sine is somewhere else each time
    blocks = each * switches
    audio = sine(blocks, peak=0.05)
    states = (np.arange(blocks) // each % 2 == 1, False, True)
    played = [library.play_settled("int16x8", sounds(blocks, level=1.0, bypass=b), audio).out for b in states]
    assert np.abs(played[1]).max() > 9 * np.abs(played[2]).max()
    switched, on, off = (np.abs(treble(out)[RATE // 20 :]).max() for out in played)
    assert max(on, off) < CLICK / 10
    return float(switched - max(on, off))


def test_bypass_does_not_click(stub: SoundLibrary) -> None:
    assert bypass_click(stub) < CLICK


def test_a_hasty_bypass_would_click(tmp_path: Path) -> None:
    fault = ("kFadeS = 0.01F", "kFadeS = 0.001F")
    assert bypass_click(compile_sound(tmp_path / "sound.so", STUB, fault)) > CLICK


def test_bypassed_it_is_dry_to_the_bit(engine: SoundLibrary) -> None:
    audio = sine(60)
    for mix in (1.0, 0.4):
        passage = sounds(60, x=0.8, mix=mix, bypass=np.arange(60) >= 10)
        out = engine.play_settled("int16x8", passage, audio).out
        assert np.array_equal(out[22 * BLOCK :], late(audio)[22 * BLOCK :])
        assert np.abs(out - late(audio))[: 10 * BLOCK].max() > 0.01


def test_the_decoder_runs_on_in_bypass(engine: SoundLibrary) -> None:
    """After bypass the sound is what it would have been without."""
    audio, blocks = sine(100, 97.0), np.arange(100)
    straight = engine.play_settled("int16x8", sounds(100, x=0.3), audio).out
    passage = sounds(100, x=0.3, bypass=(blocks >= 20) & (blocks < 60))
    returned = engine.play_settled("int16x8", passage, audio).out
    assert np.array_equal(returned[72 * BLOCK :], straight[72 * BLOCK :])


def test_overload_is_dry_within_a_block_and_back_when_it_ends(engine: SoundLibrary) -> None:
    audio, blocks = sine(200, 97.0), np.arange(200)
    overload = (blocks >= 50) & (blocks < 90)
    played = engine.play_settled("int16x8", sounds(200, x=np.where(blocks < 49, 0.2, 0.7), overload=overload), audio)
    out, dry = played.out.reshape(200, BLOCK), late(audio).reshape(200, BLOCK)
    rests = played.reports["rested"]
    assert np.flatnonzero(rests).tolist() == list(range(51, 90)), "the block that fades out still plays"
    differs = np.flatnonzero((out != dry).any(axis=1))
    assert 50 in differs and not ((differs > 50) & (differs < 90)).any()
    back = differs[differs >= 90][0]
    assert 90 + 0.02 * BLOCKS_PER_SECOND <= back <= 90 + 0.03 * BLOCKS_PER_SECOND, "it waits for the decoder's history"
    straight = engine.play_settled("int16x8", sounds(200, x=0.7), audio).out.reshape(200, BLOCK)
    # The DC blocker has missed 40 ms; all else is as if nothing had been.
    missed = (out - straight)[130:]
    assert np.abs(missed).max() < 0.05 and np.abs(np.diff(missed.reshape(-1))).max() < 1e-4


def test_the_block_that_fades_out_has_no_second_decoder(engine: SoundLibrary) -> None:
    blocks = 10
    passage = sounds(blocks, x=np.linspace(-1, 1, blocks), overload=np.arange(blocks) >= 5)
    reports = engine.play_settled("int16x8", passage, sine(blocks)).reports
    assert reports["crossfaded"].tolist() == [False, True, True, True, True, False, False, False, False, False]
    assert (reports["z"][5] == reports["z"][4]).all()


def test_after_overload_the_decoder_starts_from_silence(stub: SoundLibrary) -> None:
    """The stub echoes the last sample it was given, even of long ago."""
    audio = np.full(6 * BLOCK, 0.5)
    played = stub.play_settled("int16x8", sounds(6, overload=np.arange(6) < 4), audio)
    assert played.codes("wet").reshape(6, BLOCK)[4, :2].tolist() == [0, 16384]


def test_silence_at_power_up_then_a_fade(engine: SoundLibrary) -> None:
    engine.init("int16x8")
    audio = sine(500)
    out = engine.play(sounds(500, mix=0.0), audio).out
    assert not out[: RATE // 5].any()
    assert np.array_equal(out[RATE * 260 // 1000 :], late(audio)[RATE * 260 // 1000 :])


def power_up_step(library: SoundLibrary, dc: float, **values: float) -> float:
    """The largest step from sample to sample in the first half second with a constant input."""
    library.init("int16x8")
    out = library.play(sounds(500, **values), np.full(500 * BLOCK, dc)).out
    return float(np.abs(np.diff(out, prepend=0)).max())


@pytest.mark.parametrize("dc", [0.0, 0.9, -0.2])
def test_power_up_is_no_thump(dc: float, engine: SoundLibrary) -> None:
    """Whatever DC comes in, and whatever DC the decoder has at its place."""
    for mix in (0.0, 0.6, 1.0):
        for x, y in ((0.0, 0.0), (-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)):
            assert power_up_step(engine, dc, x=x, y=y, mix=mix, level=0.7) < CLICK


def test_without_its_fade_it_would_thump(tmp_path: Path) -> None:
    fault = ("power_up_.Process(true)", "(power_up_.Process(true) > 0 ? 1 : 0)")
    assert power_up_step(compile_sound(tmp_path / "sound.so", ENGINE, fault), 0.9, mix=0.0) > CLICK


def test_another_scheme_comes_in_by_way_of_dry(stub: SoundLibrary) -> None:
    """Of the stub, whose own treble is no more than the steps of 8 bits, and that is taken off."""
    blocks = 150
    audio = sine(blocks, peak=0.05)
    steady = [stub.play_settled(name, sounds(blocks, level=1.0), audio).out for name in ("int8", "int16x8")]
    stub.play_settled("int16x8", sounds(30, level=1.0), sine(30, peak=0.05))
    played = stub.play(sounds(blocks, level=1.0, scheme=np.where(np.arange(blocks) < 30, 1, 0)), audio)
    codes = np.abs(played.reports["wet"][:, :BLOCK]).max(axis=1)
    assert codes[:30].min() > 128 and codes[45:].max() <= 128
    dry = late(audio, 1)
    assert np.array_equal(played.out[46 * BLOCK : 60 * BLOCK], dry[46 * BLOCK : 60 * BLOCK])
    assert np.abs(played.out[70 * BLOCK :]).max() > 9 * np.abs(dry).max()
    own = max(np.abs(treble(out)[RATE // 50 :]).max() for out in steady)
    assert np.abs(treble(played.out)[RATE // 50 :]).max() < own + CLICK


def test_bypass_stays_dry_to_the_bit_while_the_scheme_changes(engine: SoundLibrary) -> None:
    blocks = 150
    passage = sounds(blocks, x=0.2, bypass=True)
    passage["scheme"] = np.where(np.arange(blocks) < 60, 1, 0)
    audio = sine(blocks)
    engine.play_settled("int16x8", passage[:1].repeat(30), sine(30))
    assert np.array_equal(engine.play(passage, audio).out[BLOCK:], late(audio)[BLOCK:])


def test_init_forgets_everything(engine: SoundLibrary) -> None:
    passage, audio = sounds(400, x=0.4, mix=0.7), sine(400)
    engine.init("int16x8")
    first = engine.play(passage, audio).out
    engine.play(sounds(30, x=-1.0, level=1.0, overload=np.arange(30) > 20), sine(30, peak=1.0))
    engine.init("int16x8")
    assert np.array_equal(first, engine.play(passage, audio).out)
