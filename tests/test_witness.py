# SPDX-License-Identifier: MIT
"""Golden against other interpreters: equal where they must be, and a difference is found, counted and judged."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from stand_ins import small_artefact

from host_tools import witness as witness_module
from host_tools.artefacts import Artefact, joined_model_id, load_artefact, released_artefacts
from host_tools.audio import save_audio
from host_tools.errors import UserError
from host_tools.interpreters import INTERPRETERS, detect_rounding, open_interpreter
from host_tools.stimuli import random_stimulus, recorded_stimulus
from host_tools.witness import witness
from quantize.golden import GoldenDecoder
from quantize.graph import SCHEMES

BLOCKS = 120


@pytest.fixture(scope="module", params=SCHEMES)
def artefact(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Artefact:
    return small_artefact(request.param, tmp_path_factory.mktemp("models"))


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return save_audio(tmp_path / "take.wav", 0.5 * np.sin(np.arange(4_800) / 20), 48_000)


def test_the_installed_tflite_micro_rounds_twice():
    assert detect_rounding() == "double"


def test_the_witnesses_agree_with_golden(artefact, recording):
    result = witness([artefact], BLOCKS * 48, [recording])
    assert [row.engine for row in result.rows] == list(INTERPRETERS)
    assert all(row.samples == BLOCKS * 48 + 4_800 for row in result.rows)
    judged = [row for row in result.rows if (row.scheme, row.engine) != ("int8", "litert_default")]
    assert [(row.mismatches, row.max_lsb) for row in judged] == [(0, 0)] * len(judged)
    assert (result.verdict, result.model_id) == ("PASS", artefact.model_id)


def test_another_rounding_is_a_failure(tmp_path, monkeypatch):
    monkeypatch.setattr(witness_module, "detect_rounding", lambda: "single")
    result = witness([small_artefact("int8", tmp_path)], BLOCKS * 48, [])
    assert result.verdict == "FAIL"
    assert {row.engine for row in result.rows if row.mismatches} >= {"tflm", "litert_reference"}


@pytest.mark.parametrize("kind", INTERPRETERS)
def test_state_is_carried_and_reset(artefact, kind):
    stimulus = random_stimulus(artefact.graph, 10 * 48)
    engine = open_interpreter(kind, artefact.content)
    whole = engine.process(stimulus.dry, stimulus.z)
    engine.reset()
    half = 5 * 48
    parts = [engine.process(stimulus.dry[:half], stimulus.z[:5]), engine.process(stimulus.dry[half:], stimulus.z[5:])]
    assert np.array_equal(np.concatenate(parts), whole)
    engine.reset()
    engine.process(stimulus.dry[:half], stimulus.z[:5])
    assert not np.array_equal(engine.process(stimulus.dry[:half], stimulus.z[:5]), whole[:half])


def test_a_model_no_interpreter_can_open_is_one_sentence(artefact):
    with pytest.raises(UserError, match="cannot open this model"):
        open_interpreter("litert_reference", artefact.content[:100])


def test_random_stimuli_reach_the_ends_and_repeat(artefact):
    scheme = artefact.graph.scheme
    stimulus = random_stimulus(artefact.graph, 200_000, seed=3)
    again = random_stimulus(artefact.graph, 200_000, seed=3)
    assert stimulus.dry.min() <= scheme.integer_min + 2 and stimulus.dry.max() >= scheme.integer_max - 2
    assert len(np.unique(stimulus.z, axis=0)) > stimulus.blocks // 2
    assert np.array_equal(stimulus.dry, again.dry) and stimulus.dry.size >= 200_000


def test_a_recording_visits_the_map_or_stays_where_it_is_told(artefact):
    samples = np.linspace(-1, 1, 4_801)
    travelling = recorded_stimulus(artefact.graph, "take", samples)
    assert (travelling.dry.size, travelling.blocks) == (101 * 48, 101)
    assert len(np.unique(travelling.z, axis=0)) == 6
    staying = recorded_stimulus(artefact.graph, "take", samples, np.array([1.5, -3.0]))
    assert len(np.unique(staying.z, axis=0)) == 1
    assert staying.z_real[0].tolist() == [1.5, -3.0]
    limit = artefact.graph.scheme.integer_max
    assert staying.dry[4_800] == limit and staying.dry[0] == -limit - 1


def test_artefacts_are_read_checked_and_named(tmp_path):
    made = [small_artefact(scheme, tmp_path) for scheme in SCHEMES]
    read = released_artefacts(directory=tmp_path)
    assert joined_model_id(read) == "+".join(artefact.model_id for artefact in made)
    assert GoldenDecoder(read[0].graph).graph.scheme.name == "int8"


def test_unusable_artefacts_are_refused_in_one_sentence(tmp_path):
    artefact = small_artefact("int8", tmp_path)
    with pytest.raises(UserError, match="int16x8"):
        load_artefact(artefact.path, "int16x8")
    with pytest.raises(UserError, match=r"nowhere\.tflite"):
        load_artefact(tmp_path / "nowhere.tflite")
    for content in (artefact.content[:2000], b"hello", bytes(3000)):
        artefact.path.write_bytes(content)
        with pytest.raises(UserError, match=r"decoder\.tflite"):
            load_artefact(artefact.path)
