# SPDX-License-Identifier: MIT
"""`core/upload.h`, `core/model_store.h` and `core/model_card.h` around an engine of tests: a model is proved before it
is kept, kept before it plays, and whatever is cut leaves the old one or the new."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest
from echo_models import COLUMNS_AT, crc, echo_card, echo_graph, with_field
from settings_flash import ALWAYS, ERASE_STEPS
from uploading import BUILT_IN, FIRST_MODEL_SECTOR, SECTOR_BYTES, SETTLED, Module, compile_module

from host_tools.packets import MAX_MODEL_BYTES
from quantize.graph import SCHEMES


@pytest.fixture(scope="module")
def library(tmp_path_factory) -> Path:
    return compile_module(tmp_path_factory.mktemp("upload"))


@pytest.fixture
def module(library) -> Module:
    return Module(library)


def model(scheme: str = "int16x8", channels: int = 2, layers: int = 1) -> bytes:
    return echo_card(echo_graph(scheme, channels=channels, layers=layers))


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_model_is_proved_kept_and_played_now_and_after_power_up(module, scheme):
    content, other = model(scheme), next(name for name in SCHEMES if name != scheme)
    module.change_scheme(scheme)
    module.play()
    assert module.upload(content, scheme) == ""
    assert (module.playing(scheme), module.next(scheme)) == (BUILT_IN[scheme], crc(content))
    module.play()
    assert module.playing(scheme) == crc(content)
    assert module.playing(other) == BUILT_IN[other]
    assert module.restart()
    assert (module.playing(scheme), module.playing(other)) == (crc(content), BUILT_IN[other])
    assert not module.misused


def test_of_many_models_the_last_one_plays(module):
    for channels in range(2, 8):
        content = model(channels=channels)
        assert module.upload(content) == ""
        module.play()
        assert module.playing() == crc(content)
        assert module.restart()
        assert module.playing() == crc(content)
    assert not module.misused


def test_a_scheme_that_nobody_plays_changes_without_a_sound(module):
    module.play()
    alone = module.play(50)
    assert module.restart()
    module.play()
    assert module.upload(model("int8"), "int8") == ""
    assert np.array_equal(module.play(50), alone)
    assert module.playing("int8") == crc(model("int8"))


def test_until_it_is_kept_not_a_bit_of_the_sound_changes(module):
    """And then the new one comes in by way of dry: the echo's offset fades, it does not jump."""
    content = model(channels=3_000)
    module.play()
    silent = np.zeros((1, 48), np.float32)
    undisturbed = [module.play(1) for _ in range(4)]
    assert module.restart()
    module.play()
    steps = [
        lambda: module.begin(content),
        lambda: module.take(0, content),
        module.try_model,
        lambda: module.keep(1),
    ]
    for step, wanted in zip(steps, undisturbed, strict=True):
        assert step() == ""
        assert np.array_equal(module.play(1), wanted)
    assert module.told()["sectors_left"] == 1
    module.play(SETTLED, np.zeros((SETTLED, 48)))
    assert module.keep(0) == ""
    after = np.concatenate([module.play(1, silent)[0] for _ in range(SETTLED)])
    assert module.playing() == crc(content)
    assert np.abs(np.diff(after)).max() < 0.01


@pytest.mark.parametrize("before", [False, True])
@pytest.mark.parametrize("tears_bytes", [False, True])
def test_power_cut_at_any_moment_leaves_the_old_model_or_the_new(module, before, tears_bytes):
    old, new = model(channels=5), model(channels=6)
    plays = BUILT_IN["int16x8"]
    if before:
        assert module.upload(model(channels=4)) == ""
        assert module.restart()
        assert module.upload(old) == ""
        assert module.restart()
        plays = crc(old)
    cells = bytes(module.cells)
    module.power_for(ALWAYS)
    assert module.upload(new) == ""
    steps = module.steps()
    assert steps > len(new) + 2 * ERASE_STEPS
    outcomes = set()
    # Every moment of the erasures and of the record, and every 47th of the bytes between.
    moments = sorted({*range(0, 3 * ERASE_STEPS), *range(0, steps, 47), *range(steps - 60, steps)})
    for moment in moments:
        ctypes.memmove(module.cells, cells, len(cells))
        assert module.restart()
        module.power_for(moment, tears_bytes=tears_bytes, seed=moment)
        module.upload(new)
        assert module.restart(), f"power cut after {moment} steps of {steps}"
        assert module.playing() in (plays, crc(new))
        outcomes.add(module.playing())
        assert module.upload(new) == ""
        assert module.restart() and module.playing() == crc(new)
    assert plays in outcomes
    assert not module.misused


def test_a_cable_cut_anywhere_loses_nothing(module):
    """What was begun is forgotten when somebody begins anew."""
    old, new = model(channels=5), model(channels=6)
    assert module.upload(old) == ""
    module.play()
    for taken in (0, 1, 3_000, len(new)):
        assert module.begin(new) == ""
        if taken:
            assert module.take(0, new[:taken]) == ""
        module.play()
        assert module.playing() == crc(old)
        assert module.restart() and module.playing() == crc(old)
    assert module.begin(new) == "" and module.take(0, new) == "" and module.try_model() == "" and module.keep(1) == ""
    assert module.restart() and module.playing() == crc(old)
    assert module.upload(new) == ""
    module.play()
    assert module.playing() == crc(new)


def foreign_cards() -> dict[str, bytes]:
    card = model()
    fields = {"magic": 1, "scheme": 0, "test_blocks": 0, "block_size": 47, "sample_rate_hz": 44_100}
    fields |= {"latency_samples": 6, "channels": 0, "layers": 0, "latent_min": 32_767, "latent_max": -32_768}
    changed = {name: with_field(card, name, value) for name, value in fields.items()}
    huge = {f"huge {name}": with_field(card, name, 65_535) for name in ("block_size", "latency_samples")}
    level = {"level not a number": card[:26] + b"\xff" * 4 + card[30:]}
    columns = {"columns": card[: COLUMNS_AT + 10] + b"\0" + card[COLUMNS_AT + 11 :]}
    memory = {"too much memory": model(layers=99)}
    return {**changed, **huge, **level, **columns, **memory, "nothing": b"TFL3", "cut": card[:-1]}


@pytest.mark.parametrize("name", foreign_cards())
def test_what_is_no_decoder_for_this_module_is_refused(module, name):
    content = foreign_cards()[name]
    assert module.upload(content) == "FOREIGN_MODEL"
    assert module.keep(0) == "WRONG_SEQUENCE"
    module.play()
    assert module.playing() == BUILT_IN["int16x8"]
    assert module.restart() and module.playing() == BUILT_IN["int16x8"]


def test_a_model_that_gives_other_integers_than_its_vectors_is_refused(module):
    for at in (-1, -97 * 2 + 4):
        content = bytearray(model())
        content[at] ^= 1
        assert module.upload(bytes(content)) == "SELF_TEST_FAILED"
        assert module.keep(1) == "WRONG_SEQUENCE"
    assert module.restart() and module.playing() == BUILT_IN["int16x8"]


def test_a_model_that_is_too_slow_here_is_refused_with_its_time(module):
    """15 parts of 16 are the decoder's: nine layers of 100 cycles fit a block of 1,000, ten do not."""
    assert module.upload(model(layers=9)) == ""
    assert module.told() == {"received": len(model()), "block_cycles": 900, "limit_cycles": 938, "sectors_left": 0}
    module.play()
    slow = model(layers=10)
    assert module.begin(slow) == module.take(0, slow) == module.try_model() == ""
    assert module.told() == {"received": len(slow), "block_cycles": 1_000, "limit_cycles": 938, "sectors_left": 0}
    assert module.keep(1) == module.keep(0) == "TOO_SLOW"
    module.play()
    assert module.playing() == crc(model(layers=9))
    assert module.restart(budget=0) and module.upload(slow) == ""  # a board without a clock cannot tell


def test_where_two_decoders_do_not_fit_a_block_the_spot_moves_by_steps(module):
    module.play()
    assert module.move(0.5)
    assert module.upload(model(layers=6)) == ""
    module.play()
    assert not module.move(-0.5)
    assert module.upload(model(layers=5)) == ""
    module.play()
    assert module.move(0.5)


def test_requests_out_of_order_are_refused(module):
    content = model()
    assert module.take(0, content) == module.try_model() == module.keep(0) == "WRONG_SEQUENCE"
    assert module.begin(content) == ""
    assert module.try_model() == module.keep(1) == "WRONG_SEQUENCE"
    assert module.take(1, content[1:]) == "WRONG_SEQUENCE"
    assert module.take(0, content + b"x") == "OUT_OF_RANGE"
    assert module.take(0, content) == ""
    assert module.take(0, content) == "WRONG_SEQUENCE"
    assert module.keep(1) == "WRONG_SEQUENCE"
    assert module.try_model() == ""
    assert module.keep(0) == module.keep(2) == "WRONG_SEQUENCE"
    assert module.keep(1) == module.keep(0) == ""
    assert module.keep(0) == "WRONG_SEQUENCE"
    assert module.begin(content) == "BUSY"  # it has not begun to play
    module.play()
    assert module.begin(content) == ""


def test_what_does_not_arrive_whole_is_refused(module):
    content = model()
    assert module.begin(content, crc=crc(content) ^ 1) == module.take(0, content) == ""
    assert module.try_model() == "MODEL_DAMAGED"
    assert module.begin(content, size=MAX_MODEL_BYTES + 1) == "MODEL_TOO_LARGE"
    assert module.begin(content, size=0) == "OUT_OF_RANGE"
    assert module.begin(content, 2) == "UNKNOWN_SCHEME"
    assert module.take(0, content) == "WRONG_SEQUENCE"


def test_the_largest_model_fits(module):
    content = b"\0" * (MAX_MODEL_BYTES - len(model())) + model()
    assert module.upload(content) == ""
    assert module.restart() and module.playing() == crc(content)
    assert not module.misused


@pytest.mark.parametrize("refusal", ["erase", "program", "read"])
def test_a_flash_that_is_out_of_order_loses_nothing(module, refusal):
    old, new = model(channels=5), model(channels=6)
    assert module.upload(old) == ""
    module.play()
    module.refuse(**{refusal: True})
    assert module.upload(new) == "MODEL_NOT_SAVED"
    module.play()
    assert module.playing() == crc(old)
    assert module.restart() and module.playing() == crc(old)


def test_of_a_flash_that_forgets_the_model_before_plays_and_the_loss_is_told(module):
    older, old = model(channels=5), model(channels=6)
    for content in (older, old):
        assert module.upload(content) == ""
        module.play()
    slots = [(FIRST_MODEL_SECTOR + 10 * slot) * SECTOR_BYTES for slot in (2, 3)]  # of int16x8
    module.cells[slots[1] + 5_000] ^= 1
    assert module.restart() and module.playing() == crc(older)
    cells, new = bytes(module.cells), model(channels=4)
    for moment in (0, 1, ERASE_STEPS, 2 * ERASE_STEPS, 3 * ERASE_STEPS):  # what plays is not what the next one erases
        ctypes.memmove(module.cells, cells, len(cells))
        assert module.restart()
        module.power_for(moment)
        module.upload(new)
        assert module.restart() and module.playing() == crc(older)
    assert module.upload(new) == ""
    assert module.restart() and module.playing() == crc(new)
    ctypes.memmove(module.cells, cells, len(cells))
    module.cells[slots[0] + 5_000] ^= 1
    assert not module.restart()
    assert module.playing() == BUILT_IN["int16x8"]
    assert module.upload(old) == ""
    assert module.restart() and module.playing() == crc(old)
