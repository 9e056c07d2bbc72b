# SPDX-License-Identifier: MIT
"""Decoders of other shapes: the Pareto front of their error against what they cost on the module, by Optuna.

Depends on `baseline`, which trains them, and on Optuna; the cost comes from the caller, who can ask the bench. A study
is a SQLite file or any database that SQLAlchemy opens, which many machines may share.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import optuna
import torch
from optuna.trial import BaseTrial, FrozenTrial, Trial, TrialState
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from model.baseline import Course, Splits, errors, train_peer
from model.config import Config, ModelConfig
from model.data import Recipe
from model.run import PlanError
from model.scores import SECONDS, SEED
from model.vae import Decoder

STUDY = "gritspace"
SPLIT = "search"

Cost = Callable[[ModelConfig], float]  # model cycles a sample


def spread(layers: int, longest: int) -> tuple[int, ...]:
    """Dilations from 1 to `longest`, each about as many times the one before."""
    return tuple(round(longest ** (layer / (layers - 1))) for layer in range(layers))


def drawn(trial: BaseTrial, config: Config) -> Config:
    """The configuration that a trial asks for."""
    model = replace(
        config.model,
        channels=trial.suggest_int("channels", 6, 16, step=2),
        dilations=spread(trial.suggest_int("layers", 4, 8), trial.suggest_int("longest_dilation", 20, 400, log=True)),
        condition_hidden=trial.suggest_int("condition_hidden", 16, 96, step=16),
        condition_channels=trial.suggest_int("condition_channels", 4, 12, step=4),
    )
    rate = trial.suggest_float("learning_rate", 2e-3, 3e-2, log=True)
    return replace(config, model=model, train=replace(config.train, learning_rate=rate))


def wishes(config: Config) -> dict[str, Any]:
    """What `drawn` would have to draw to come near to a configuration."""
    model = config.model
    return {
        "channels": model.channels,
        "layers": len(model.dilations),
        "longest_dilation": model.dilations[-1],
        "condition_hidden": model.condition_hidden,
        "condition_channels": model.condition_channels,
        "learning_rate": config.train.learning_rate,
    }


def splits(config: Config) -> Splits:
    """What shapes are chosen by: other audio than what they will be reported by."""
    return {SPLIT: (Recipe(SPLIT, SECONDS, SEED), config.data.drives)}


def address(study: str) -> str:
    """The URL of a study's database: itself, or that of a SQLite file."""
    return study if "://" in study else f"sqlite:///{Path(study).resolve()}"


def search(course: Course, steps: int, trials: int, storage: str, cost: Cost, console: Console) -> list[dict[str, Any]]:
    """Adds `trials` to the study in `storage`, a database's URL, and returns the rows of all of it, `rows`.

    The first trial of a study is the shape of the course's configuration. Interrupted, it keeps the trials that are
    done. Raises PlanError, and what `cost` raises.
    """
    with _database_errors(storage):
        study = _opened(storage, course, steps)
        for count in range(trials):
            trial = study.ask()
            try:
                values = _measured(trial, course, steps, cost, f"trial {count + 1} of {trials}", console)
            except BaseException:  # also Ctrl-C: nobody should wait for this trial
                study.tell(trial, state=TrialState.FAIL)
                raise
            if math.isfinite(values[0]):
                study.tell(trial, values)
            else:
                study.tell(trial, state=TrialState.FAIL)
                console.print(f"left out {trial.params}: it diverged")
        return rows(study)


def _measured(trial: Trial, course: Course, steps: int, cost: Cost, name: str, console: Console) -> tuple[float, float]:
    config = drawn(trial, course.config)
    cycles = cost(config.model)
    torch.manual_seed(config.train.seed)
    decoder, own = Decoder(config), replace(course, config=config)
    train_peer(decoder, own, steps, f"{name}: {cycles:,.0f} cycles", console)
    return errors(decoder, own)[f"{SPLIT}_median"], cycles


def rows(study: optuna.Study) -> list[dict[str, Any]]:
    """Each finished trial, the cheapest first: {trial, esr_median, model_cycles_per_sample, front} and what it drew."""
    best = {trial.number for trial in study.best_trials}

    def row(trial: FrozenTrial) -> dict[str, Any]:
        error, cycles = trial.values
        front = trial.number in best
        figures = {"trial": trial.number, "esr_median": error, "model_cycles_per_sample": cycles, "front": front}
        return figures | trial.params

    done = study.get_trials(states=(TrialState.COMPLETE,))
    return sorted(map(row, done), key=lambda row: row["model_cycles_per_sample"])


def _opened(storage: str, course: Course, steps: int) -> optuna.Study:
    """The study, with a first trial to go where it has none."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    # No seed: machines that share a study must not draw alike, nor a call the same as the one before.
    sampler = optuna.samplers.TPESampler()
    study = optuna.create_study(
        study_name=STUDY, storage=storage, sampler=sampler, directions=("minimize", "minimize"), load_if_exists=True
    )
    names = sorted({programme.setting.device for programme in course.programmes})
    question = {"steps": steps, "devices": names, "configuration": course.config.to_json()}
    if study.user_attrs.get("question", question) != question:  # errors of other lessons cannot be compared
        raise PlanError(
            f"{_named(storage)} was begun with {study.user_attrs['question']['steps']} steps, or with other devices or "
            "another checkpoint; ask as before, or name another study"
        )
    study.set_user_attr("question", question)
    if not study.get_trials(states=(TrialState.COMPLETE, TrialState.RUNNING, TrialState.WAITING)):
        study.enqueue_trial(wishes(course.config))
    return study


def _named(storage: str) -> str:
    """A study as one may print it: without name and password."""
    return re.sub("//[^@/]*@", "//", storage)


@contextmanager
def _database_errors(storage: str) -> Iterator[None]:
    try:
        yield
    except (SQLAlchemyError, ImportError, optuna.exceptions.OptunaError) as error:
        reason = str(error).splitlines()[0]
        raise PlanError(
            f"cannot use the study {_named(storage)} ({reason}); name a file or a database's URL"
        ) from error
