# SPDX-License-Identifier: MIT
"""Audio files in and out, for people: whatever is done to a recording on the way in is said. No playback, no effects.

Depends on soundfile (libsndfile) and SciPy's polyphase resampler.
"""

from __future__ import annotations

import io
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soundfile
from scipy.signal import resample_poly

from host_tools.errors import UserError
from host_tools.files import write_atomically

SAMPLE_RATES_HZ = (4_000, 768_000)  # outside it is a broken header, and resampling would fill the memory
CLIPPED_LEVEL = 0.9999  # the largest 16-bit sample is 0.99997
ONE_STEP = 2.0**-15  # of 16-bit audio
CLIPPED_RUN = 3  # samples; two in a row happen at the top of a loud, honest sine

RECORDED_FOLDER = Path("/usr/share/sonic-pi/samples")
RECORDED_PACKAGE = "sonic-pi-samples"
# Plucked, struck, bowed and mixed; short and long; loud and soft: a picture of what will be plugged in.
RECORDED_NAMES = (
    "guit_em9",
    "bass_voxy_c",
    "loop_amen",
    "ambi_piano",
    "guit_e_slide",
    "drum_tom_lo_hard",
    "tabla_ghe5",
    "bass_thick_c",
    "perc_bell",
    "loop_electric",
)


@dataclass(frozen=True, eq=False)
class Audio:
    """One channel of audio and what was done to get it."""

    samples: np.ndarray  # (T,) float64 in [-1, 1]
    note: str  # one sentence, or nothing when the file was taken as it is


def load_audio(path: Path | str, sample_rate: int, *, allow_silence: bool = False) -> Audio:
    """Reads a file as one channel at `sample_rate` (Hz). Raises UserError for anything that is not usable audio."""
    path = Path(path)
    channels, file_rate = _read(path)
    _require_audio(path, channels, allow_silence)
    notes = []
    clipped_runs = sum(_count_clipped_runs(channel) for channel in channels.T)
    if clipped_runs:
        notes.append(f"clipped, {clipped_runs} runs of samples at full scale")
    if channels.shape[1] > 1:
        notes.append(f"{channels.shape[1]} channels mixed to one")
    samples = channels.mean(axis=1)
    if not allow_silence and np.abs(samples).max() <= ONE_STEP < np.abs(channels).max():
        raise UserError(f"{path}: its channels cancel each other when mixed; save one of them as a mono file")
    if file_rate != sample_rate:
        samples = resample_poly(samples, sample_rate, file_rate)
        notes.append(f"resampled from {file_rate} to {sample_rate} Hz")
    peak = float(np.abs(samples).max())
    if peak > 1.0:
        # Scaled, not clamped: a clamp would add a distortion that is not on the recording.
        samples = samples / peak
        notes.append(f"peaks above full scale, turned down by {20 * math.log10(peak):.3g} dB")
    if not samples.any():
        notes.append("holds only silence")
    return Audio(samples, f"{path.name}: {'; '.join(notes)}" if notes else "")


def encode_audio(samples: np.ndarray, sample_rate: int, file_format: str = "WAV", subtype: str = "PCM_24") -> bytes:
    """A whole audio file in memory; samples beyond [-1, 1) are clamped."""
    buffer = io.BytesIO()
    limited = np.clip(samples, -1.0, 1.0 - 2.0**-23)
    soundfile.write(buffer, limited, sample_rate, format=file_format, subtype=subtype)
    return buffer.getvalue()


def save_audio(path: Path | str, samples: np.ndarray, sample_rate: int) -> Path:
    """Writes a 24-bit WAV, whole or not at all."""
    return write_atomically(path, encode_audio(samples, sample_rate))


def recorded_audio(limit: int | None = None) -> list[Path]:
    """The recorded instruments used by default, at most `limit` of them, always in the same order."""
    paths = [RECORDED_FOLDER / f"{name}.flac" for name in RECORDED_NAMES[:limit]]
    missing = [path for path in paths if not path.is_file()]
    if missing:
        raise UserError(f"no recorded audio at {missing[0]}; install it: apt-get install {RECORDED_PACKAGE}")
    return paths


def _read(path: Path) -> tuple[np.ndarray, int]:
    """All frames (T, channels) float64, and the rate in Hz."""
    try:
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise UserError(f"{path}: no such file; check the name") from error
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror}); give a readable audio file") from error
    if not content:
        raise UserError(f"{path}: the file is empty; record or export it again")
    try:
        # From memory, because libsndfile believes a name that ends in .raw before it looks inside.
        channels, rate = soundfile.read(io.BytesIO(content), dtype="float64", always_2d=True)
    except (soundfile.SoundFileError, RuntimeError, TypeError, ValueError) as error:
        raise UserError(f"{path}: not an audio file that can be read; give WAV, FLAC, AIFF, OGG or MP3") from error
    if not SAMPLE_RATES_HZ[0] <= rate <= SAMPLE_RATES_HZ[1]:
        raise UserError(f"{path}: says its sample rate is {rate} Hz, which is not audio; export it again")
    return channels, rate


def _require_audio(path: Path, channels: np.ndarray, allow_silence: bool) -> None:
    if channels.size == 0:
        raise UserError(f"{path}: holds no samples; record or export it again")
    if not np.isfinite(channels).all():
        bad = int(np.count_nonzero(~np.isfinite(channels)))
        raise UserError(f"{path}: {bad} samples are NaN or infinite; repair or export it again")
    if not allow_silence and not channels.any():
        raise UserError(f"{path}: holds only silence; give a recording with sound on it")


def _count_clipped_runs(channel: np.ndarray) -> int:
    """Runs of at least CLIPPED_RUN samples at full scale; a file that goes beyond it is not clipped there."""
    magnitude = np.abs(channel)
    if magnitude.max() > 1.0:
        return 0
    edges = np.diff(np.concatenate(([0], (magnitude >= CLIPPED_LEVEL).astype(np.int8), [0])))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return int(np.count_nonzero(ends - starts >= CLIPPED_RUN))
