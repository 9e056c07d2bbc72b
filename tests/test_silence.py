# SPDX-License-Identifier: MIT
"""What is heard while nothing is played: nothing, wherever the place on the map goes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sounds import BLOCK, BLOCKS_PER_SECOND, ENGINE, RATE, STUB, SoundLibrary, compile_sound, sounds

from quantize.graph import SCHEMES


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> SoundLibrary:
    return compile_sound(tmp_path_factory.mktemp("silence") / "sound.so", ENGINE)


def swept_in_silence(library: SoundLibrary, scheme: str, rate_hz: float, noise_level: float) -> np.ndarray:
    """RMS of what is heard, in stretches of 20 ms, when the place sweeps the map and nothing is played, but for the
    cable's noise.
    """
    blocks = 1_500
    turn = 2 * np.pi * rate_hz * np.arange(blocks) / BLOCKS_PER_SECOND
    audio = noise_level * np.random.default_rng(2).uniform(-1, 1, blocks * BLOCK)
    played = library.play_settled(scheme, sounds(blocks, x=np.sin(turn), y=np.cos(1.03 * turn)), audio)
    stretches = played.out[RATE // 10 :].astype(np.float64).reshape(-1, RATE // 50)
    return np.sqrt(np.mean(stretches**2, axis=1))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_moving_the_place_in_silence_is_not_heard(scheme: str, engine: SoundLibrary) -> None:
    assert not any(swept_in_silence(engine, scheme, rate_hz, 0.0).any() for rate_hz in (0.5, 20, 200))


def test_moving_the_place_under_faint_noise_adds_nothing_of_its_own(engine: SoundLibrary) -> None:
    """At -80 dBFS the gate is open; a place that moves fast is never louder than the loudest that it passes."""
    slow, fast = (swept_in_silence(engine, "int16x8", rate_hz, 1e-4) for rate_hz in (5.0, 200.0))
    assert fast.min() > 0 and fast.max() < slow.max()
    assert swept_in_silence(engine, "int16x8", 5.0, 1e-3).max() > 2 * slow.max()


def opening_jump(library: SoundLibrary, silent_blocks: int) -> float:
    """How far the sound is from zero when one that comes after silence begins, as a share of the mean before it."""
    loud, silent, last = 300, silent_blocks * BLOCK, 4 / 32_768
    audio = np.abs(0.5 * np.sin(2 * np.pi * 200 * np.arange(loud * BLOCK) / RATE))
    audio = np.concatenate([audio, np.zeros(silent + BLOCK - 1), [last]])
    played = library.play_settled("int16x8", sounds(loud + silent_blocks + 1), audio)
    return float(np.abs(played.out[-BLOCK:-8]).max() / audio.mean())


@pytest.mark.parametrize("silent_blocks", [40, 60, 200])
def test_what_the_gate_hides_of_a_mean_is_no_click_when_it_opens(tmp_path: Path, silent_blocks: int) -> None:
    stub = compile_sound(tmp_path / "sound.so", STUB)
    assert opening_jump(stub, silent_blocks) < 1e-3
    if silent_blocks == 40:
        remembers = compile_sound(tmp_path / "remembers.so", STUB, ("if (gate_ <= 0 && wet", "if (false && wet"))
        assert opening_jump(remembers, silent_blocks) > 0.1


def test_the_gate_lets_a_faint_sound_pass(engine: SoundLibrary) -> None:
    """Four steps of 16 bits, from their first sample on."""
    audio = np.concatenate(
        [np.zeros(100 * BLOCK), 4 / 32_768 * np.sin(2 * np.pi * 500 * np.arange(100 * BLOCK) / RATE)]
    )
    played = engine.play_settled("int16x8", sounds(200, x=0.2, y=-0.5), audio)
    assert not played.out[: 100 * BLOCK].any()
    heard = played.out[100 * BLOCK :].reshape(100, BLOCK).astype(np.float64)
    assert np.abs(heard).max(axis=1).min() > 0.5 / 32_768
