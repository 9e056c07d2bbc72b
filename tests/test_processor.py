# SPDX-License-Identifier: MIT
"""The sound, a block at a time, around the stub decoder and around the real one: level, map, mix, DC, and the same bits
everywhere. What fades is in test_fades.py, how loud it is in test_loudness.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sounds import (
    BLOCK,
    BLOCKS_PER_SECOND,
    ENGINE,
    RATE,
    REPORT,
    STUB,
    UNMATCHED,
    Played,
    SoundLibrary,
    compile_sound,
    compile_sound_for_cortex_m7,
    in_scheme,
    sounds,
)

from host_tools.artefacts import released_artefacts
from quantize.golden import GoldenDecoder
from quantize.graph import SCHEMES

LATENCY = {"stub": 1, "engine": 6}
FULL_SCALE = {"int8": 128, "int16x8": 32768}
STEP = 1e-3  # -60 dBFS


@pytest.fixture(scope="module")
def stub(tmp_path_factory: pytest.TempPathFactory) -> SoundLibrary:
    return compile_sound(tmp_path_factory.mktemp("stub") / "sound.so", STUB)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> SoundLibrary:
    return compile_sound(tmp_path_factory.mktemp("engine") / "sound.so", ENGINE)


def noise(blocks: int, seed: int = 0, peak: float = 1.0) -> np.ndarray:
    """As a converter of 24 bits has it."""
    samples = np.random.default_rng(seed).uniform(-peak, peak, blocks * BLOCK)
    return np.rint(samples * 2**23) / 2**23


def sine(frequency_hz: float, blocks: int, peak: float) -> np.ndarray:
    return peak * np.sin(2 * np.pi * frequency_hz * np.arange(blocks * BLOCK) / RATE)


def wandering(blocks: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Places and levels all over, new in every block; every fourth place stays for two."""
    rng = np.random.default_rng(seed)
    x, y = rng.uniform(-1.1, 1.1, (2, blocks))
    again = np.arange(blocks) // 4 * 4 == np.arange(blocks) - 1
    x[again], y[again] = x[np.roll(again, -1)], y[np.roll(again, -1)]
    return {"x": x, "y": y, "level": rng.uniform(0, 1, blocks)}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_mix_at_zero_is_dry_to_the_bit(scheme: str, engine: SoundLibrary) -> None:
    """Late by the decoder's latency, whatever the other knobs do."""
    audio = noise(200)
    out = engine.play_settled(scheme, sounds(200, mix=0.0, **wandering(200)), audio).out
    assert np.array_equal(out[LATENCY["engine"] :], audio.astype(np.float32)[: -LATENCY["engine"]])


def test_mix_at_one_is_wet_alone(stub: SoundLibrary) -> None:
    """The stub's echo, in time with dry, rounded to the decoder's integers; DC is taken out slowly."""
    audio = sine(300, 100, 0.5)
    out = stub.play_settled("int16x8", sounds(100), audio).out
    assert np.abs(out[1:] - audio[:-1]).max() < 0.02  # the DC blocker turns the phase of 300 Hz by 0.7 degrees


@pytest.mark.parametrize("scheme", SCHEMES)
def test_dry_and_wet_are_in_time(scheme: str, stub: SoundLibrary) -> None:
    """Half and half of a signal and its echo is the signal; were one late, it would lack treble."""
    audio = sine(12_000, 100, 0.5)
    out = stub.play_settled(scheme, sounds(100, mix=0.5), audio).out
    assert np.abs(out[1:] - audio[:-1]).max() < 0.02


@pytest.mark.parametrize("scheme", SCHEMES)
def test_level_drives_the_decoder(scheme: str, stub: SoundLibrary) -> None:
    """Integers are the nearest, halves away from zero, and limited; the gain moves in a straight line."""
    full, audio = FULL_SCALE[scheme], noise(5, peak=0.6)
    level = np.array([0.5, 0.65, 0.65, 0.45, 0.45])
    played = stub.play_settled(scheme, sounds(5, level=level), audio)
    ends = 10 ** ((level * 40 - 20) / 20)
    gains = np.concatenate([np.linspace(a, b, BLOCK + 1)[1:] for a, b in zip([ends[0], *ends[:-1]], ends, strict=True)])
    exact = audio * gains * full
    limited = np.clip(exact, -full, full - 1)
    assert np.abs(played.codes("dry") - limited).max() <= 0.5 + 1e-5 * full  # rounding; float32 gains
    assert played.reports["clipped"].tolist() == (np.abs(exact) >= full).reshape(5, BLOCK).any(axis=1).tolist()
    assert played.reports["clipped"].tolist() == [False, True, True, True, False]


def test_integers_are_the_nearest(stub: SoundLibrary) -> None:
    wanted = np.array([0.0, 0.49, 0.5, -0.5, 1.5, -1.49, 126.5, 127, 128, -127.5, -128] + [0] * 37)
    played = stub.play_settled("int8", sounds(1), wanted / 128)
    assert played.codes("dry")[:11].tolist() == [0, 0, 1, -1, 2, -1, 127, 127, 127, -128, -128]
    assert played.reports["clipped"][0]
    assert not stub.play_settled("int8", sounds(1), np.full(BLOCK, 127.9 / 128)).reports["clipped"][0]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_map_spans_the_decoders_integers(scheme: str, stub: SoundLibrary) -> None:
    full = FULL_SCALE[scheme]
    x = np.array([-1.0, 1.0, 0.0, 0.5, -0.25, 1.3, -7.0, 0.6 / full, -0.5 / full])
    played = stub.play_settled(scheme, sounds(x.size, x=x, y=-x), np.zeros(x.size * BLOCK))
    expected = [-full, full - 1, 0, full // 2, -full // 4, full - 1, -full, 1, -1]
    assert played.reports["z"][:, 0].tolist() == expected
    assert played.reports["z"][:3, 1].tolist() == [full - 1, -full, 0]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_decoder_plays_goldens_integers(scheme: str, engine: SoundLibrary) -> None:
    """Both of a crossfade's ends, at random controls."""
    blocks = 150
    played = engine.play_settled(scheme, sounds(blocks, **wandering(blocks)), noise(blocks))
    (artefact,) = released_artefacts((scheme,))
    golden = GoldenDecoder(artefact.graph)
    golden.process(np.zeros(RATE // 3), played.reports["z"][0])  # as settled
    z_before = played.reports["z"][0]
    assert 50 < played.reports["crossfaded"].sum() < blocks
    for report in played.reports:
        dry, z = report["dry"][:BLOCK], report["z"]
        assert report["crossfaded"] == (z != z_before).any()
        if report["crossfaded"]:
            assert np.array_equal(golden.preview(dry, z_before), report["before"][:BLOCK])
        assert np.array_equal(golden.process(dry, z), report["wet"][:BLOCK])
        z_before = z


def worst_step_of_a_sweep(library: SoundLibrary) -> float:
    """How far the output jumps at any block's border beyond its target's own motion, full scale is 1.

    The map is swept by a sine of nearly 200 Hz along X and another along Y, under a plucked string. The target's own
    motion from a block's last sample to the next block's first: what the decoder does at the old place, and an even
    share of the way to the new place and its makeup gain.
    """
    blocks, rng = 400, np.random.default_rng(5)
    time = np.arange(blocks) / BLOCKS_PER_SECOND
    x, y = np.sin(2 * np.pi * 197 * time), np.cos(2 * np.pi * 203 * time)
    audio = 0.4 * sine(110, blocks, 1.0) + 0.2 * sine(523, blocks, 1.0) + 0.05 * rng.uniform(-1, 1, blocks * BLOCK)
    passage = sounds(blocks, x=x, y=y)
    played = library.play_settled("int16x8", passage, audio)
    assert played.reports["crossfaded"][1:].all()
    table = library.loudness_map("int16x8")
    gain = library.loudness_at(table, np.stack([x, y, np.full(blocks, 0.5)], axis=1))[:, 0].astype(np.float64)
    out = played.out.reshape(blocks, BLOCK).astype(np.float64)
    wet = played.codes("wet").reshape(blocks, BLOCK) / 32768
    before = played.codes("before").reshape(blocks, BLOCK) / 32768
    mean = wet[:-1, -1] - out[:-1, -1] / gain[:-1]  # what the DC blocker takes out
    at_border = gain[:-1] + np.diff(gain) / BLOCK
    at_old_place = gain[:-1] * np.abs(before[1:, 0] - wet[:-1, -1])
    to_new_place = at_border * np.abs(wet[1:, 0] - before[1:, 0])
    to_new_gain = np.abs(np.diff(gain) * (before[1:, 0] - mean))
    own = at_old_place + (to_new_place + to_new_gain) / BLOCK
    return float((np.abs(out[1:, 0] - out[:-1, -1]) - own).max())


def test_a_fast_sweep_of_the_map_makes_no_step_of_its_own(tmp_path: Path) -> None:
    assert worst_step_of_a_sweep(compile_sound(tmp_path / "sound.so", ENGINE, UNMATCHED)) < STEP


def test_without_the_crossfade_it_would(tmp_path: Path) -> None:
    fault = ("crossfaded_ ? before_codes_ : wet_codes_", "wet_codes_")
    assert worst_step_of_a_sweep(compile_sound(tmp_path / "sound.so", ENGINE, UNMATCHED, fault)) > 100 * STEP


def test_a_still_map_is_not_crossfaded(engine: SoundLibrary) -> None:
    played = engine.play_settled("int16x8", sounds(20, x=0.3), noise(20))
    assert not played.reports["crossfaded"].any()


def decoder_dc(library: SoundLibrary) -> float:
    """What is left after half a second when sound makes the decoder's output be off by 1/16."""
    library.init("int16x8")
    out = library.play(sounds(600), np.full(600 * BLOCK, 1 / 16)).out
    return float(np.abs(out[500 * BLOCK :]).max())


def gain_at_20_hz_db(library: SoundLibrary) -> float:
    audio = sine(20, 1000, 0.5)
    out = library.play_settled("int16x8", sounds(1000), audio).out
    whole = slice(-20 * RATE // 20 // 20 * 10, None)  # ten periods of the end
    return float(10 * np.log10(np.mean(out[whole].astype(np.float64) ** 2) / np.mean(audio[whole] ** 2)))


def test_dc_of_the_decoder_is_not_heard(stub: SoundLibrary) -> None:
    assert decoder_dc(stub) < STEP


def test_20_hz_is_kept(stub: SoundLibrary) -> None:
    assert abs(gain_at_20_hz_db(stub)) < 0.3


@pytest.mark.parametrize(("cutoff", "dc_stays", "bass_stays"), [("0.2F", True, True), ("30.0F", False, False)])
def test_another_dc_blocker_would_be_noticed(cutoff: str, dc_stays: bool, bass_stays: bool, tmp_path: Path) -> None:
    fault = ("kDcCutoffHz = 3.5F", f"kDcCutoffHz = {cutoff}")
    faulty = compile_sound(tmp_path / "sound.so", STUB, fault)
    assert (decoder_dc(faulty) > STEP) == dc_stays
    assert (abs(gain_at_20_hz_db(faulty)) < 0.3) == bass_stays


def test_peaks_are_those_of_the_converters_in_the_block(engine: SoundLibrary) -> None:
    audio = np.outer(np.linspace(0, 1, 50), np.ones(BLOCK)).reshape(-1) * noise(50)
    played = engine.play_settled("int16x8", sounds(50, level=0.9, in_gain=0.5, out_gain=3), audio)
    for name, signal in (("input_peak", audio), ("output_peak", played.out)):
        expected = np.abs(signal.astype(np.float32)).reshape(50, BLOCK).max(axis=1)
        assert np.array_equal(played.reports[name], expected)


def rough(blocks: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Any controls, any audio: noise, silence, full scale either way, and numbers too small to be normal."""
    rng = np.random.default_rng(seed)
    switches = {name: rng.random(blocks) < 0.2 for name in ("bypass", "overload", "scheme")}
    gains = {name: rng.choice([1, 0.1, 7.5], blocks) for name in ("in_gain", "out_gain")}
    mix = rng.choice([0, 1, 0.3, rng.random()], blocks)
    passage = sounds(blocks, mix=mix, **wandering(blocks, seed), **switches, **gains)
    peaks = rng.choice([0.0, 1e-42, 1e-20, 1e-3, 1.0], (blocks, 1))
    audio = peaks * rng.choice([rng.uniform(-1, 1, (blocks, BLOCK)), rng.choice([-1.0, 1.0], (blocks, BLOCK))])
    return passage, audio.reshape(-1)


@settings(max_examples=40)
@given(st.integers(0, 2**32 - 1), st.sampled_from(list(SCHEMES)))
def test_the_output_is_a_number_within_full_scale(engine: SoundLibrary, seed: int, scheme: str) -> None:
    passage, audio = rough(60, seed)
    engine.init(scheme)
    out = engine.play(passage, audio).out
    assert np.isfinite(out).all() and np.abs(out).max() <= 1


def on_cortex_m7(path: Path, scheme: str, passage: np.ndarray, audio: np.ndarray) -> Played:
    """As SoundLibrary.play after `init`."""
    machine = compile_sound_for_cortex_m7(path, ENGINE)
    machine.call("sound_init", SCHEMES[scheme].code)
    out, reports = np.zeros((len(passage), BLOCK), np.float32), np.zeros(len(passage), REPORT)
    for index, block in enumerate(audio.astype(np.float32).reshape(-1, BLOCK)):
        machine.forget()
        sound, samples, report = map(machine.put, (passage[index : index + 1], block, reports[:1]))
        machine.call("sound_process", sound, samples, report)
        out[index], reports[index] = (
            machine.get(samples, BLOCK, np.float32),
            machine.get(report, REPORT.itemsize, np.uint8).view(REPORT)[0],
        )
    return Played(out.reshape(-1), reports)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_cortex_m7_plays_the_same_bits(scheme: str, engine: SoundLibrary, tmp_path: Path) -> None:
    """From power-up, through overload and bypass, with normal numbers: boards flush others to zero."""
    blocks = 330
    gains = {"in_gain": 0.97, "out_gain": 1.04}
    rng, passage = np.random.default_rng(6), sounds(blocks, mix=0.7, **gains, **wandering(blocks))
    passage["bypass"], passage["overload"] = rng.random((2, blocks)) < [[0.02], [0.01]]
    passage = in_scheme(passage, scheme)
    audio = noise(blocks)
    engine.init(scheme)
    here, there = engine.play(passage, audio), on_cortex_m7(tmp_path / "sound.elf", scheme, passage, audio)
    assert np.array_equal(here.out.view(np.uint32), there.out.view(np.uint32))
    assert np.array_equal(here.reports[["z", "rested"]], there.reports[["z", "rested"]])
    assert np.abs(here.out[-50 * BLOCK :]).max() > 0.1
