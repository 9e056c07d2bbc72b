# SPDX-License-Identifier: MIT
"""What a map is like to play, measured on a grid of its square: loudness, DC, silence, grit, amount of distortion, and
how far the sound jumps from place to place.

Depends on `aliasing` and `signals`, NumPy and SciPy. Takes any function that plays a sound at places of the map.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.signal import sosfilt
from scipy.stats import rankdata

from model.aliasing import Render, decibels, incommensurable_hz, sine, split_harmonics
from model.signals import SignalFactors, render_signal

# ITU-R BS.1770-5, annex 1, tables 1 and 2: the head's shelf and the high-pass, for 48 kHz.
K_WEIGHTING = np.array(
    [
        [1.53512485958697, -2.69169618940638, 1.19839281085285, 1.0, -1.69065929318241, 0.73248077421585],
        [1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621],
    ]
)
K_OFFSET_DB = -0.691
SAMPLE_RATE = 48_000  # of those tables, and so of everything here

LEAD_SECONDS = 0.05  # of silence: from its reset, a decoder needs its receptive field to settle
REFERENCE_SECONDS = 0.5
REFERENCE_RMS = 0.15  # -16.5 dBFS: the peaks, 16 dB above, just fit
TONE_HZ = incommensurable_hz(217, SAMPLE_RATE)  # 220.6, a low A
TONE_PEAK = 0.25  # -12 dBFS, where `attributes` measures distortion too
TONE_SECONDS = 0.4  # a DC blocker at 3.5 Hz takes 0.3 s for 60 dB
TONE_MEASURED_SECONDS = 0.1
QUIET_PEAK = 1e-3  # -60 dBFS: where a note's tail turns into grit
QUIET_SECONDS = 0.15
NOTE_SECONDS, NOTE_END_DB, AFTER_SECONDS = 0.3, -96.0, 0.35


@dataclass(frozen=True, eq=False)
class MapMeasures:
    """Measures at each place, (places, places) and indexed [y][x]; places are evenly spread over either axis."""

    limit: float  # the square reaches from -limit to limit
    loudness_lkfs: np.ndarray  # of the reference's last repetition
    loudness_at_once_lkfs: np.ndarray  # of its first one
    dc_db: np.ndarray  # dBFS, of the mean while a tone plays
    silence_db: np.ndarray  # dBFS, peak of what is left 0.25 s after a note has died away
    grit_db: np.ndarray  # share of what is not harmonic in a sine of -60 dBFS
    distortion_db: np.ndarray  # share of overtones in a sine of -12 dBFS, see `HarmonicSplit`
    centroid_hz: np.ndarray  # of the reference's power spectrum
    step_x_db: np.ndarray  # (places, places - 1): RMS difference to the next x over the RMS of both
    step_y_db: np.ndarray  # (places - 1, places)

    @property
    def amount_correlation(self) -> np.ndarray:
        """Spearman's rank correlation of y and distortion at each x, (places,)."""
        return np.array([rank_correlation(np.arange(len(c)), c) for c in self.distortion_db.T])

    def to_dict(self) -> dict[str, float]:
        """The worst of each measure over the map, and what is typical where that tells something."""
        steps = np.concatenate([self.step_x_db.ravel(), self.step_y_db.ravel()])
        correlation = self.amount_correlation
        return {
            "places": len(self.dc_db),
            "loudness_plus_minus_db": float(np.ptp(self.loudness_lkfs) / 2),
            "loudness_lowest_lkfs": float(self.loudness_lkfs.min()),
            "loudness_highest_lkfs": float(self.loudness_lkfs.max()),
            "loudness_at_once_plus_minus_db": float(np.ptp(self.loudness_at_once_lkfs) / 2),
            "dc_worst_dbfs": float(self.dc_db.max()),
            "silence_worst_dbfs": float(self.silence_db.max()),
            "grit_median_db": float(np.median(self.grit_db)),
            "grit_worst_db": float(self.grit_db.max()),
            "amount_correlation_median": float(np.median(correlation)),
            "amount_correlation_worst": float(correlation.min()),
            "amount_correlation_worst_x": float(
                np.linspace(-self.limit, self.limit, len(correlation))[correlation.argmin()]
            ),
            "step_median_db": float(np.median(steps)),
            "step_worst_db": float(steps.max()),
        }


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's, both (N,); 0 where one of them does not change."""
    ranks = rankdata(a), rankdata(b)
    if any(np.ptp(r) == 0 for r in ranks):
        return 0.0
    return float(np.corrcoef(*ranks)[0, 1])


def k_weighted_loudness(sound: np.ndarray) -> np.ndarray:
    """(..., samples) at 48 kHz → LKFS of one channel by BS.1770, without its gate: no sound here pauses."""
    return K_OFFSET_DB + decibels(np.square(sosfilt(K_WEIGHTING, sound)).mean(axis=-1))


def reference_sound() -> np.ndarray:
    """A bass string, an organ chord and a snare at once, (samples,) float64 at -16.5 dBFS RMS."""
    rng = np.random.default_rng(0)
    samples = round(REFERENCE_SECONDS * SAMPLE_RATE)
    parts = (
        ("plucked_string", 55.0, -6.0),
        ("additive", 164.8, -12.0),
        ("additive", 246.9, -12.0),
        ("drum", 180.0, -9.0),
    )
    sound = np.zeros(samples)
    for kind, pitch_hz, level_db in parts:
        factors = SignalFactors(kind, pitch_hz, level_db, brightness=0.5, decay_s=0.5, onset=0.0, tremolo_hz=0.0)
        sound += render_signal(factors, samples, SAMPLE_RATE, rng)
    return sound * REFERENCE_RMS / np.sqrt(np.square(sound).mean())


def note_and_silence() -> np.ndarray:
    """A sine that falls from full scale to -96 dBFS in 0.3 s, and exact silence after it."""
    samples, after = round(NOTE_SECONDS * SAMPLE_RATE), round(AFTER_SECONDS * SAMPLE_RATE)
    envelope = 10 ** (np.linspace(0, NOTE_END_DB, samples) / 20)
    return np.concatenate([envelope * sine(TONE_HZ, samples, 1.0), np.zeros(after)])


def measure_map(
    render: Render,
    limit: float,
    places: int = 33,
    block_dc: Callable[[np.ndarray], np.ndarray] | None = None,
    repetitions: int = 1,
) -> MapMeasures:
    """Plays 1.6 s at each of places x places spots of the square of +-limit, one column at a time; half a second more
    for each further one of `repetitions` of the reference, for what takes its time to become even.

    `block_dc` takes (N, samples) to the same with DC removed, as the module does behind its decoder; it counts for DC
    and silence. Loudness, brightness and steps are measured with the mean taken out. 48 kHz only.
    """
    axis = np.linspace(-limit, limit, places)
    after_dc = block_dc or (lambda wet: wet)
    measured = round(TONE_MEASURED_SECONDS * SAMPLE_RATE)
    tone = sine(TONE_HZ, round(TONE_SECONDS * SAMPLE_RATE), TONE_PEAK)
    quiet = sine(TONE_HZ, round(QUIET_SECONDS * SAMPLE_RATE), QUIET_PEAK)
    lead = round(LEAD_SECONDS * SAMPLE_RATE)
    sound, note = reference_sound(), note_and_silence()
    reference = np.concatenate([np.zeros(lead), np.tile(sound, repetitions)])

    columns: dict[str, list[np.ndarray]] = {}
    before: np.ndarray | None = None
    for x in axis:
        z = np.stack([np.full(places, x), axis], axis=1)
        heard = np.asarray(render(reference, z), np.float64)[:, lead:]
        at_once, music = (
            part - part.mean(axis=-1, keepdims=True) for part in (heard[:, : len(sound)], heard[:, -len(sound) :])
        )
        played_tone = render(tone, z)
        column = {
            "loudness_lkfs": k_weighted_loudness(music),
            "loudness_at_once_lkfs": k_weighted_loudness(at_once),
            "silence_db": decibels(np.square(after_dc(render(note, z))[:, -measured:]).max(axis=-1)),
            "centroid_hz": spectral_centroid(music),
            "step_y_db": step_db(music[:-1], music[1:]),
            "tone": played_tone[:, -measured:],
            "tone_after_dc": after_dc(played_tone)[:, -measured:],
            "quiet": render(quiet, z)[:, -measured:],
        }
        if before is not None:
            column["step_x_db"] = step_db(before, music)
        before = music
        for name, values in column.items():
            columns.setdefault(name, []).append(values)
    grid = {name: np.stack(values, axis=1) for name, values in columns.items()}
    return MapMeasures(
        limit=limit,
        dc_db=decibels(split_harmonics(grid.pop("tone_after_dc"), TONE_HZ).mean ** 2),
        grit_db=split_harmonics(grid.pop("quiet"), TONE_HZ).non_harmonic_db,
        distortion_db=split_harmonics(grid.pop("tone"), TONE_HZ).distortion_db,
        **grid,
    )


def spectral_centroid(sound: np.ndarray) -> np.ndarray:
    """(N, samples) → (N,): the power spectrum's centre of mass in Hz; 0 for silence."""
    power = np.square(np.abs(np.fft.rfft(sound * np.hanning(sound.shape[-1]))))
    frequencies = np.fft.rfftfreq(sound.shape[-1], 1 / SAMPLE_RATE)
    return power @ frequencies / np.maximum(power.sum(axis=-1), np.finfo(float).tiny)


def step_db(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """(N, samples) twice → (N,): power of the difference over the mean power of both; 3 dB for unrelated sounds."""
    power = (np.square(a) + np.square(b)).mean(axis=-1) / 2
    return decibels(np.square(a - b).mean(axis=-1) / np.maximum(power, np.finfo(float).tiny))
