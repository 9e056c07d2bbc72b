# SPDX-License-Identifier: MIT
"""Matching by example: the spot of the map and the two levels at which the decoder sounds most like a wet recording.

Depends on torch, SciPy, `captures` and `vae`. It reads no files and changes no weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.optimize import least_squares

from model.captures import PairError
from model.vae import DistortionVae

LAG_SEARCH = 8  # samples either way: an alignment by correlation is that far off when an effect shifts the phase
LEVEL_RANGE_DB = 40.0  # how far the dry sound may be turned down; up it goes to full scale, no further
START_LEVELS_DB = (0.0, -8.0, -16.0, -24.0)  # of the dry sound's peak; a start from each, for drive hides in the level
START_GRID = (25, 7)  # spots along x, where devices stand side by side, and along y, tried at each of those levels
START_SHARE = 0.25  # of each window that the grid is tried on
WINDOW_COUNTS = (12, 6, 40)  # at most, for the fit, the choice and the final ESR
QUIETEST_SHARE = 1e-4  # of the loudest window's energy: windows more than 40 dB below it decide nothing
LARGEST_STEPS = 10
# Of z and of the level in dB, for finite differences: large enough that neither float32 nor the decoder's corners show.
DIFFERENCES = np.array([0.03, 0.03, 0.25])
UNITS = (1.0, 1.0, 6.0)  # how far z and level move for about the same change of sound


@dataclass(frozen=True)
class Match:
    """What to set so that output level * decoder(input level * dry, z) is closest to the wet recording."""

    z: tuple[float, float]
    input_level_db: float
    output_level_db: float
    lag_samples: int  # by how much wet still was late, within LAG_SEARCH
    esr: float  # on windows that neither the fit nor the choice among its starts has seen


@dataclass(frozen=True, eq=False)
class _Windows:
    """Cuts of a pair: dry with the decoder's past in front of it, wet with room for the search of the lag."""

    dry: torch.Tensor  # (N, past + T)
    wet: torch.Tensor  # (N, T + 2 * LAG_SEARCH), late by the configured latency

    def target(self, lag: int) -> torch.Tensor:
        """What the decoder should play, (N, T), when wet is `lag` samples later than its alignment said."""
        first = LAG_SEARCH + lag
        return self.wet[:, first : first + self.wet.shape[1] - 2 * LAG_SEARCH]

    def beginning(self, past: int) -> _Windows:
        length = int(START_SHARE * (self.dry.shape[1] - past))
        return _Windows(self.dry[:, : past + length], self.wet[:, : length + 2 * LAG_SEARCH])


def _cut(vae: DistortionVae, dry: np.ndarray, wet: np.ndarray) -> list[_Windows]:
    """Windows as long as the encoder's clips: to fit, to choose by, to measure on. Dealt out in order of loudness, so
    that each part has loud and quiet ones.
    """
    length, past = vae.config.train.clip_samples, vae.decoder.past
    firsts = np.arange(0, len(dry) - length + 1, length)
    energy = np.array([np.square(wet[first : first + length]).sum() for first in firsts])
    order = np.argsort(-energy, kind="stable")
    order = order[energy[order] > QUIETEST_SHARE * energy.max(initial=0.0)]
    if len(order) < 4:
        raise PairError("too short", f"the wet recording holds fewer than {4 * length} samples of sound; record more")
    dry_padded = np.pad(dry, (past, 0)).astype(np.float32)
    wet_padded = np.pad(wet, (vae.config.audio.latency_samples + LAG_SEARCH, LAG_SEARCH)).astype(np.float32)
    parts = []
    for dealt, largest in zip((order[::2], order[1::4], order[3::4]), WINDOW_COUNTS, strict=True):
        chosen = firsts[dealt[np.linspace(0, len(dealt) - 1, min(len(dealt), largest)).astype(int)]]
        pieces = [np.stack([dry_padded[first : first + past + length] for first in chosen])]
        pieces.append(np.stack([wet_padded[first : first + length + 2 * LAG_SEARCH] for first in chosen]))
        parts.append(_Windows(*map(torch.from_numpy, pieces)))
    return parts


def _play(vae: DistortionVae, dry: torch.Tensor, settings: np.ndarray) -> torch.Tensor:
    """The decoder on windows (N, past + T) at each of settings (P, 3), x, y and input level in dB: (P, N, T)."""
    values = torch.from_numpy(settings.astype(np.float32))
    sounds = (10 ** (values[:, 2] / 20)[:, None, None] * dry).reshape(-1, 1, dry.shape[1])
    latents = values[:, :2].repeat_interleave(len(dry), dim=0)[:, :, None]
    output = vae.decoder.settled(sounds, latents)[:, 0]
    return output.reshape(len(values), len(dry), -1)


def _gain(output: torch.Tensor, target: torch.Tensor) -> float:
    """Least squares; never below zero, since the pair's polarity is settled before."""
    return max(0.0, float((output * target).sum() / (output.square().sum() + 1e-20)))


def _esr(vae: DistortionVae, windows: _Windows, setting: np.ndarray, lag: int, gain: float) -> float:
    target = windows.target(lag)
    return float((gain * _play(vae, windows.dry, setting[None])[0] - target).square().sum() / target.square().sum())


def _lag_and_distance(windows: _Windows, output: torch.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """For each output of (P, N, T): the lag at which it fits best, and its ESR there at the best gain; both (P,)."""
    targets = torch.stack([windows.target(lag) for lag in range(-LAG_SEARCH, LAG_SEARCH + 1)])
    common = torch.einsum("pnt,lnt->pl", output, targets).clamp(min=0).double()
    energies = output.square().sum(dim=(1, 2)).double()[:, None] * targets.square().sum(dim=(1, 2)).double()
    distances = (1 - common.square() / (energies + 1e-20)).numpy()
    return distances.argmin(axis=1) - LAG_SEARCH, distances.min(axis=1)


def _start(vae: DistortionVae, windows: _Windows, level_db: float) -> tuple[np.ndarray, int]:
    """The best setting and lag at one input level: of a grid of spots, and of the spot that the encoder sees when wet
    has the level at which the grid's best spot plays it.
    """
    limit, past = vae.decoder.latent_limit, vae.decoder.past
    columns, rows = (np.linspace(-limit, limit, count) for count in START_GRID)
    grid = np.array([[(x, y, level_db) for y in rows] for x in columns])
    part = windows.beginning(past)
    tried = [_lag_and_distance(part, _play(vae, part.dry, column)) for column in grid]
    lags, distances = (np.concatenate(found) for found in zip(*tried, strict=True))
    nearest = int(distances.argmin())
    best, lag = grid.reshape(-1, 3)[nearest], int(lags[nearest])
    gain = _gain(_play(vae, part.dry, best[None])[0], part.target(lag)) + 1e-6
    mean, _ = vae.encoder(10 ** (level_db / 20) * windows.dry[:, past:], windows.target(lag) / gain)
    seen = np.array([*mean.median(dim=0).values.tolist(), level_db])
    seen_lags, seen_distances = _lag_and_distance(part, _play(vae, part.dry, seen[None]))
    return (seen, int(seen_lags[0])) if seen_distances[0] < distances[nearest] else (best, lag)


def _refine(
    vae: DistortionVae, windows: _Windows, start: np.ndarray, lag: int, highest_db: float
) -> tuple[np.ndarray, float]:
    """The nearest minimum of the ESR, over z and input level; the output level follows at each step in closed form
    (Golub and Pereyra's variable projection, 1973).

    Least squares in a trust region, some ten steps; the slopes are finite differences, wide enough to see beyond
    the corners of the decoder's clamps, where gradients do not.
    """
    limit = vae.decoder.latent_limit
    lowest, highest = np.array([-limit, -limit, highest_db - LEVEL_RANGE_DB]), np.array([limit, limit, highest_db])
    target = windows.target(lag)
    norm = float(target.square().sum().sqrt())

    def errors(settings: np.ndarray) -> np.ndarray:
        outputs = _play(vae, windows.dry, settings)
        return np.stack([((_gain(o, target) * o - target) / norm).double().flatten().numpy() for o in outputs])

    def slopes(setting: np.ndarray) -> np.ndarray:
        steps = np.where(setting + DIFFERENCES > highest, -DIFFERENCES, DIFFERENCES)
        moved = errors(setting + np.vstack([np.zeros(3), np.diag(steps)]))
        return ((moved[1:] - moved[0]) / steps[:, None]).T

    first = np.clip(start, lowest + 1e-3, highest - 1e-3)  # the method wants to begin inside
    found = least_squares(
        lambda setting: errors(setting[None])[0],
        first,
        slopes,
        bounds=(lowest, highest),
        x_scale=UNITS,
        ftol=1e-3,
        max_nfev=LARGEST_STEPS,
    )
    return found.x, _gain(_play(vae, windows.dry, found.x[None])[0], target)


@torch.no_grad()
def match(
    vae: DistortionVae,
    dry: np.ndarray,
    wet: np.ndarray,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Match:
    """Finds z and levels for dry and wet (samples,), in time, of one polarity, at the model's rate; wet of any level.

    The latency that the decoder is trained with is added here. `progress` is called with steps done and steps in all.
    Deterministic. Raises PairError when there is too little sound: four windows as long as the encoder's clips.
    """
    vae.eval()
    fitted, chosen_by, measured_on = _cut(vae, dry, wet)
    highest_db = -20 * float(np.log10(np.abs(dry).max() + 1e-9))
    total = 2 * len(START_LEVELS_DB) + 1
    starts = []
    for level in START_LEVELS_DB:
        starts.append(_start(vae, fitted, highest_db + level))
        progress(len(starts), total)
    candidates = []
    for setting, lag in starts:
        setting, gain = _refine(vae, fitted, setting, lag, highest_db)
        candidates.append((setting, lag, gain))
        progress(len(starts) + len(candidates), total)
    setting, lag, gain = min(candidates, key=lambda found: _esr(vae, chosen_by, *found))
    better_lag = int(_lag_and_distance(fitted, _play(vae, fitted.dry, setting[None]))[0][0])
    if better_lag != lag:
        lag = better_lag
        setting, gain = _refine(vae, fitted, setting, lag, highest_db)
    progress(total, total)
    esr = _esr(vae, measured_on, setting, lag, gain)
    x, y, level_db = map(float, setting)
    return Match((x, y), level_db, 20 * float(np.log10(gain + 1e-9)), lag, esr)
