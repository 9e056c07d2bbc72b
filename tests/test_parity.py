# SPDX-License-Identifier: MIT
"""The parity verdict: PASS only when everything asked for came back equal; FAIL, INCOMPLETE and refusals otherwise."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import numpy as np
import pytest
from stand_ins import StandInDevice, StandInReference, small_artefact

from host_tools.artefacts import Artefact
from host_tools.audio import save_audio
from host_tools.comparison import ErrorEnergy, Tally
from host_tools.errors import LinkError, UserError
from host_tools.files import write_results
from host_tools.parity import ParityResult, verify
from quantize.graph import SCHEMES

RANDOM_SAMPLES = 9_600


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory: pytest.TempPathFactory) -> list[Artefact]:
    folder = tmp_path_factory.mktemp("models")
    return [small_artefact(scheme, folder) for scheme in SCHEMES]


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return save_audio(tmp_path / "take.wav", 0.5 * np.sin(np.arange(24_000) / 20), 48_000)


def verify_stand_in(device: StandInDevice, artefacts: list[Artefact], audio: list[Path], **more) -> ParityResult:
    more.setdefault("random_samples", RANDOM_SAMPLES)
    return verify("stand-in", artefacts, audio, open_device=lambda _: device, open_reference=StandInReference, **more)


def test_an_equal_device_passes(artefacts, recording):
    device = StandInDevice(*artefacts)
    result = verify_stand_in(device, artefacts, [recording])
    assert result.verdict == "PASS" and result.reasons == ()
    assert [(r.scheme, r.source, r.samples) for r in result.rows] == [
        (artefact.scheme, source, samples)
        for artefact in artefacts
        for source, samples in (("take.wav", 24_000), ("random", RANDOM_SAMPLES))
    ]
    assert all((r.mismatches, r.max_lsb, r.first_mismatch) == (0, 0, None) for r in result.rows)
    assert all(
        r.snr_db == pytest.approx(20 * np.log10(101), abs=0.01) for r in result.rows
    )  # the reference is 1.01 times golden
    assert device.closed and result.firmware == "0.0"


def test_random_samples_go_in_bulk_where_the_board_can(artefacts):
    device = StandInDevice(*artefacts)
    runs = []

    def bulk(board: str, scheme: str, dry: np.ndarray, z: np.ndarray) -> np.ndarray:
        runs.append((board, scheme, dry.shape, z.shape))
        return device.bulk(board, scheme, dry, z)

    assert verify_stand_in(device, artefacts, [], run_bulk=bulk).verdict == "PASS"
    assert runs == [("stand-in", scheme, (200, 48), (200, 2)) for scheme in SCHEMES]


def test_one_wrong_lsb_fails_and_is_located(artefacts, recording):
    result = verify_stand_in(StandInDevice(*artefacts, wrong_at=5_000), artefacts, [recording])
    assert result.verdict == "FAIL"
    assert {(r.mismatches, r.max_lsb, r.first_mismatch) for r in result.rows} == {(1, 1, "sample 5000 (block 104)")}


@pytest.mark.parametrize("dies_at", [0, 7_000])
def test_a_device_that_dies_midway_is_incomplete(artefacts, recording, dies_at):
    result = verify_stand_in(StandInDevice(*artefacts, dies_at=dies_at), artefacts[:1], [recording])
    assert result.verdict == "INCOMPLETE"
    assert [row.samples for row in result.rows] == ([6_144, 6_144] if dies_at else [])
    assert "take.wav" in result.reasons[0] and "closed the line" in result.reasons[0]


def test_a_difference_before_the_end_is_still_a_failure(artefacts, recording):
    device = StandInDevice(*artefacts, wrong_at=10, dies_at=7_000)
    assert verify_stand_in(device, artefacts, [recording]).verdict == "FAIL"


def test_a_device_that_gives_too_little_is_incomplete(artefacts):
    device = StandInDevice(*artefacts)
    device.process = functools.partial(short_process, device)  # type: ignore[method-assign]
    result = verify_stand_in(device, artefacts[:1], [])
    assert result.verdict == "INCOMPLETE" and "gave" in result.reasons[0]


def short_process(device: StandInDevice, dry: np.ndarray, z: np.ndarray) -> np.ndarray:
    return StandInDevice.process(device, dry, z)[:-1]


def test_asking_for_nothing_is_not_a_pass(artefacts):
    assert verify_stand_in(StandInDevice(*artefacts), artefacts, [], random_samples=0).verdict == "INCOMPLETE"


def test_another_model_is_refused_before_anything_runs(artefacts, tmp_path):
    device = StandInDevice(small_artefact("int8", tmp_path, seed=1))
    with pytest.raises(LinkError, match=artefacts[0].model_id):
        verify_stand_in(device, artefacts[:1], [])
    assert device.closed


def test_bad_audio_is_refused_before_a_device_is_opened(artefacts, tmp_path):
    def never(_: str) -> StandInDevice:
        raise AssertionError("opened")

    with pytest.raises(UserError, match="no such file"):
        verify("stand-in", artefacts, [tmp_path / "none.wav"], 0, open_device=never, open_reference=StandInReference)


def test_a_place_outside_the_map_is_refused(artefacts, recording):
    with pytest.raises(UserError, match="outside the map"):
        verify_stand_in(StandInDevice(*artefacts), artefacts, [recording], z=(3.5, 0.0))


def test_recordings_are_cut_to_the_seconds_asked_for_and_played_at_one_place(artefacts, recording):
    options = dict(seconds_per_recording=0.1, z=(1.0, -2.0), random_samples=0)
    result = verify_stand_in(StandInDevice(*artefacts), artefacts, [recording], **options)
    assert [row.samples for row in result.rows] == [4_800, 4_800] and result.verdict == "PASS"


def test_the_result_file_has_the_shape_scripts_read(artefacts, tmp_path):
    result = verify_stand_in(StandInDevice(*artefacts), artefacts, [])
    path = write_results(tmp_path / "verify.json", result.model_id, result.json_rows(), verdict=result.verdict)
    document = json.loads(path.read_text())
    assert set(document) == {"model_id", "git", "verdict", "results"}
    assert {"scheme", "board", "samples", "mismatches", "max_lsb", "snr_db", "esr"} <= set(document["results"][0])


def test_measures_by_hand():
    energy = ErrorEnergy()
    energy.add(np.array([3.0]), np.array([3.3]))
    energy.add(np.array([4.0]), np.array([3.6]))
    assert energy.esr == pytest.approx(0.01) and energy.snr_db == pytest.approx(20.0)
    assert (ErrorEnergy().esr, ErrorEnergy(1.0, 0.0).snr_db) == (None, None)
    tally = Tally()
    tally.add(np.array([1, 2], np.int8), np.array([1, 2], np.int16))
    tally.add(np.array([-128, 5], np.int8), np.array([127, 6], np.int8))
    assert tally == Tally(samples=4, mismatches=2, max_lsb=255, first_mismatch=2)
    with pytest.raises(ValueError, match="cannot compare"):
        tally.add(np.zeros(2), np.zeros(3))
