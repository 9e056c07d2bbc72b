# SPDX-License-Identifier: MIT
"""The long random take: what the module plays is golden's, and a soak notices what it looks for."""

from pathlib import Path

import numpy as np
import pytest
from line import Line
from stand_ins import small_artefact

from host_tools.artefacts import Artefact, released_artefacts
from host_tools.errors import LinkError
from host_tools.firmware import build_firmware
from host_tools.host_library import HostLibrary
from host_tools.module.random_player import RandomPlayer
from host_tools.module.soak import STILL_BLOCKS, Proof, soak, times_stuck

MUSIC = [0.5 * np.sin(np.arange(96_000) / 17)]
BLOCK = 48


@pytest.fixture(scope="module")
def artefacts() -> list[Artefact]:
    return released_artefacts()


def test_a_minute_of_each_scheme_is_goldens(artefacts: list[Artefact]) -> None:
    for row in soak(artefacts, 0.5, MUSIC, seed=3):
        assert row.passed, row
        assert row.samples > 1_200_000  # half a minute, less the rests
        assert row.crossfaded_blocks > 10_000 and row.proved_previews > 200
        assert row.rested_blocks > 100 and row.clipped_blocks > 100


def test_one_wrong_integer_is_noticed(artefacts: list[Artefact]) -> None:
    (artefact,) = (each for each in artefacts if each.scheme == "int16x8")
    library = HostLibrary(build_firmware("host"))
    player = RandomPlayer(MUSIC, 1)
    library.power_up(True)
    inputs, dry = player.stretch(500, BLOCK)
    taps = np.empty((500, 3, BLOCK), np.int16)
    _, outputs = library.play(inputs, dry, taps)
    library.close()
    for block, tap, wet, previews in ((0, 0, 0, 0), (77, 1, 1, 0)):
        wrong = taps.copy()
        wrong[block, tap, 5] += tap
        proof = Proof(artefact)
        proof.add(outputs, wrong)
        assert (proof.wet.mismatches, proof.previews.mismatches) == (wet, previews)
    wrong = taps.copy()
    wrong[:, 2] += 1  # the old spot's half of every crossfade
    proof = Proof(artefact)
    proof.add(outputs, wrong)
    assert proof.previews.mismatches == proof.previews.samples > 0


def test_the_module_takes_all_that_the_player_asks_for() -> None:
    line, player = Line(build_firmware("host")), RandomPlayer(MUSIC, 2)
    settings = line.send("READ_SETTINGS", 0, factory=1).values["settings"]
    replies = []
    for _ in range(80):
        replies += line.send_bytes(player.requests(settings))
        line.run_codec(1)
    line.close()
    assert {reply.name for reply in replies} == {"STATUS_IS", "SETTINGS_ARE"}  # no refusal
    told = [reply.values["settings"] for reply in replies if reply.name == "SETTINGS_ARE"]
    assert {each["gate_mode"] for each in told} == {0, 1} and len({each["morph_time_ms"] for each in told}) > 2
    assert len({str(each["presets"]) for each in told}) > 10 and len({str(each["cv_zero"]) for each in told}) > 10


def test_firmware_of_another_model_is_refused_by_both_names(artefacts: list[Artefact], tmp_path: Path) -> None:
    other = small_artefact("int8", tmp_path)
    with pytest.raises(LinkError, match=f"runs int8 model {artefacts[0].model_id}, but model {other.model_id}"):
        soak([other], 0.1, MUSIC)


def test_an_output_that_stands_still_is_noticed() -> None:
    rng = np.random.default_rng(0)
    moving = rng.integers(-9, 9, (4 * STILL_BLOCKS, BLOCK))
    still = np.full(moving.shape, -(1 << 23))  # what a NaN becomes
    assert times_stuck(moving, moving, moving, moving) == 0
    assert times_stuck(moving, moving, moving, still) == 4
    assert times_stuck(moving, moving // 9, moving, still) == 0  # the gate may be closed
    assert times_stuck(still, moving, moving, still) == times_stuck(moving, moving, still, still) == 0
