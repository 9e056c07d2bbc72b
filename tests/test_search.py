# SPDX-License-Identifier: MIT
"""The search for the decoder's shape: it keeps and resumes its study, tells the front, and survives what goes wrong."""

from __future__ import annotations

import io
import math
from dataclasses import replace

import optuna
import pytest
from optuna.trial import TrialState
from programmes import LAYOUT, SMALL, tanh_programmes
from rich.console import Console

import model.search
from model.baseline import Course
from model.config import Config
from model.run import PlanError
from model.search import SPLIT, STUDY, address, drawn, search, spread, wishes

QUIET = Console(file=io.StringIO())
SHAPE = replace(SMALL.model, channels=6, dilations=(1, 3, 7, 20), condition_hidden=16, condition_channels=4)
CONFIG = replace(SMALL, model=SHAPE, train=replace(SMALL.train, clip_samples=3_000))
COURSE = Course(CONFIG, LAYOUT, tanh_programmes(), {SPLIT: tanh_programmes(seed=1)})


def weights_of(shape):
    """A cost that is made in no time."""
    return float(shape.channels**2 * len(shape.dilations))


@pytest.fixture
def storage(tmp_path):
    return address(str(tmp_path / "study.db"))


def run(storage, trials, cost=weights_of, course=COURSE, steps=2):
    return search(course, steps, trials, storage, cost, QUIET)


def states(storage):
    return [trial.state for trial in optuna.load_study(study_name=STUDY, storage=storage).trials]


@pytest.mark.parametrize(("layers", "longest"), [(4, 20), (6, 162), (8, 400)])
def test_dilations_grow_evenly(layers, longest):
    dilations = spread(layers, longest)
    assert len(dilations) == layers and dilations[0] == 1 and dilations[-1] == longest
    ratio = longest ** (1 / (layers - 1))
    # half a sample is what rounding moves a dilation by
    assert all(abs(dilation - ratio**layer) <= 0.5 for layer, dilation in enumerate(dilations))


def test_the_first_trial_is_the_configurations_own_shape(storage):
    seen = []

    def cost(shape):
        seen.append(shape)
        return 1.0

    (row,) = run(storage, 1, cost)
    assert seen == [SHAPE]
    assert {key: row[key] for key in wishes(CONFIG)} == wishes(CONFIG)


def test_a_wish_is_what_is_drawn():
    config = drawn(optuna.trial.FixedTrial(wishes(CONFIG)), SMALL)
    assert (config.model, config.train.learning_rate) == (SHAPE, CONFIG.train.learning_rate)


def test_the_default_shape_can_be_drawn():
    model = drawn(optuna.trial.FixedTrial(wishes(Config())), Config()).model
    assert replace(model, dilations=()) == replace(Config().model, dilations=())


def test_a_second_call_adds_trials_and_the_front_is_what_none_beats(storage):
    first = run(storage, 3)
    rows = run(storage, 4)
    assert len(rows) == 7 and all(row in [{**r, "front": row["front"]} for r in rows] for row in first)
    points = [(row["model_cycles_per_sample"], row["esr_median"]) for row in rows]
    assert [cycles for cycles, _ in points] == sorted(cycles for cycles, _ in points)
    for row, (cycles, error) in zip(rows, points, strict=True):
        beaten = any(c <= cycles and e <= error and (c, e) != (cycles, error) for c, e in points)
        assert row["front"] is not beaten
        assert cycles == row["channels"] ** 2 * row["layers"]


def test_an_interrupted_search_keeps_what_is_done_and_goes_on(storage):
    asked = []

    def cost(shape):
        asked.append(shape)
        if len(asked) == 3:
            raise KeyboardInterrupt
        return weights_of(shape)

    with pytest.raises(KeyboardInterrupt):
        run(storage, 5, cost)
    assert states(storage) == [TrialState.COMPLETE] * 2 + [TrialState.FAIL]
    assert len(run(storage, 1)) == 3


def test_an_interrupted_first_shape_is_tried_again(storage):
    def interrupt(shape):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(storage, 1, interrupt)
    (row,) = run(storage, 1)
    assert {key: row[key] for key in wishes(CONFIG)} == wishes(CONFIG)


def test_a_trial_that_diverges_is_left_out(storage, monkeypatch):
    run(storage, 1)
    with monkeypatch.context() as patched:
        patched.setattr(model.search, "errors", lambda *_: {f"{SPLIT}_median": math.nan})
        assert len(run(storage, 1)) == 1
    assert len(run(storage, 1)) == 2


@pytest.mark.parametrize("other", ["steps", "devices", "configuration"])
def test_a_study_keeps_to_one_question(storage, other):
    run(storage, 1)
    devices = [replace(p, setting=replace(p.setting, device="flip")) for p in COURSE.programmes]
    places = tuple(replace(place, device="flip") for place in LAYOUT.places)
    changed = {
        "steps": (COURSE, 3),
        "devices": (replace(COURSE, programmes=devices, layout=replace(LAYOUT, places=places)), 2),
        "configuration": (replace(COURSE, config=replace(CONFIG, train=replace(CONFIG.train, batch_size=5))), 2),
    }
    course, steps = changed[other]
    with pytest.raises(PlanError, match="was begun with 2 steps, or with other devices or another checkpoint"):
        run(storage, 1, course=course, steps=steps)
    assert len(run(storage, 1)) == 2


def test_a_study_that_cannot_be_opened_is_one_sentence_without_the_password(tmp_path):
    (tmp_path / "text.db").write_text("no database " * 100)
    for study, words in (
        (str(tmp_path / "text.db"), "text.db .*file is not a database"),
        (str(tmp_path / "nowhere" / "study.db"), "unable to open"),
        ("oddsql://user:secret@host/study", "oddsql://host/study"),
    ):
        with pytest.raises(PlanError, match=f"cannot use the study .*{words}.*name a file") as caught:
            run(address(study), 1)
        assert "secret" not in str(caught.value) and "\n" not in str(caught.value)
