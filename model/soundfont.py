# SPDX-License-Identifier: MIT
"""Sampled instruments as dry audio: plays notes, chords and phrases of a General MIDI soundfont into FLAC files.

Depends on soundfile and on Debian's `fluidsynth`, a program. `sources.load_folder` reads the files; a sound's level and
place in a training clip are drawn there.
"""

from __future__ import annotations

import io
import struct
import subprocess
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import soundfile

from model.checkpoint import write_whole
from model.sources import SourceError

SOUNDFONT = Path("/usr/share/sounds/sf2/TimGM6mb.sf2")  # of Debian's timgm6mb-soundfont
SAMPLE_RATE = 48_000  # Hz
PEAK = 0.9  # of each file
PATIENCE_S = 60.0  # before fluidsynth counts as hanging; it takes half a second for ten
TICKS_A_BEAT, BEAT_US = 500, 500_000  # of the MIDI files: one tick is one millisecond
DRUM_CHANNEL = 9
CHORDS = ((0, 7), (0, 7, 12), (0, 4, 7), (0, 3, 7), (0, 4, 7, 10), (0, 3, 7, 10), (0, 5, 7), (0, 12))
SCALES = ((0, 3, 5, 7, 10), (0, 2, 4, 5, 7, 9, 11), (0, 2, 3, 5, 7, 8, 10))
KIT = (35, 36, 38, 40, 41, 42, 44, 45, 46, 47, 49, 50, 51, 56)  # kicks, snares, toms, hats, cymbals, cowbell


@dataclass(frozen=True)
class Instrument:
    """A program of General MIDI level 1, numbered from 0, with the range of keys that it is played in."""

    name: str
    program: int
    lowest: int
    highest: int
    chords: bool = True
    drums: bool = False


INSTRUMENTS = (
    Instrument("guitar_nylon", 24, 40, 76),
    Instrument("guitar_steel", 25, 40, 76),
    Instrument("guitar_jazz", 26, 40, 76),
    Instrument("guitar_clean", 27, 40, 76),
    Instrument("guitar_muted", 28, 40, 76),
    Instrument("bass_acoustic", 32, 28, 55, chords=False),
    Instrument("bass_fingered", 33, 28, 55, chords=False),
    Instrument("bass_picked", 34, 28, 55, chords=False),
    Instrument("bass_fretless", 35, 28, 55, chords=False),
    Instrument("bass_slap", 36, 28, 55, chords=False),
    Instrument("bass_synth", 38, 28, 60, chords=False),
    Instrument("keys_piano", 0, 33, 88),
    Instrument("keys_electric_piano", 4, 36, 84),
    Instrument("keys_fm_piano", 5, 36, 84),
    Instrument("keys_harpsichord", 6, 36, 84),
    Instrument("keys_clavinet", 7, 36, 84),
    Instrument("keys_vibraphone", 11, 53, 89),
    Instrument("keys_marimba", 12, 45, 84),
    Instrument("organ_drawbar", 16, 36, 84),
    Instrument("organ_rock", 18, 36, 84),
    Instrument("organ_accordion", 21, 48, 84),
    Instrument("strings_violin", 40, 55, 91, chords=False),
    Instrument("strings_cello", 42, 36, 69, chords=False),
    Instrument("strings_pizzicato", 45, 36, 84),
    Instrument("strings_ensemble", 48, 36, 84),
    Instrument("brass_trumpet", 56, 54, 84, chords=False),
    Instrument("brass_trombone", 57, 40, 70, chords=False),
    Instrument("brass_section", 61, 40, 79),
    Instrument("reed_tenor_saxophone", 66, 44, 75, chords=False),
    Instrument("reed_clarinet", 71, 50, 86, chords=False),
    Instrument("drums_standard", 0, 35, 56, drums=True),
    Instrument("drums_electronic", 24, 35, 56, drums=True),
)


@dataclass(frozen=True)
class Note:
    """A key held from `start_ms` for `length_ms`."""

    start_ms: int
    length_ms: int
    key: int  # 0..127, 60 is the middle C
    velocity: int  # 1..127


def _variable_length(number: int) -> bytes:
    """A MIDI file's quantity: seven bits a byte, all but the last with the top bit set."""
    digits = [number & 0x7F]
    while number := number >> 7:
        digits.append(number & 0x7F | 0x80)
    return bytes(reversed(digits))


def midi_file(notes: Iterable[Note], program: int, channel: int, end_ms: int) -> bytes:
    """A standard MIDI file, format 0, that selects the program, plays the notes and ends at `end_ms`.

    Source: Standard MIDI-File Format Spec. 1.1, MIDI Manufacturers Association.
    """
    events = []
    for note in notes:
        events.append((note.start_ms, 1, bytes([0x90 | channel, note.key, note.velocity])))
        # Releases sort before strikes of the same moment, so that a repeated key sounds again.
        events.append((note.start_ms + note.length_ms, 0, bytes([0x80 | channel, note.key, 0])))
    track = b"\0\xff\x51\x03" + BEAT_US.to_bytes(3, "big") + bytes([0, 0xC0 | channel, program])
    now = 0
    for moment, _, message in [*sorted(events), (end_ms, 0, b"\xff\x2f\0")]:
        track += _variable_length(max(0, moment - now)) + message
        now = max(now, moment)
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, TICKS_A_BEAT) + b"MTrk" + struct.pack(">I", len(track)) + track


def draw_notes(instrument: Instrument, rng: np.random.Generator, seconds: float) -> list[Note]:
    """Single notes, chords and phrases one after the other, or drum patterns, until `seconds` are full.

    Velocities are 25 to 127, lengths 60 ms to 1.2 s; a rest after each figure lets notes ring out.
    """
    notes: list[Note] = []
    now, end = 0, int(1000 * seconds)

    def strike(keys: Iterable[int], length_ms: int) -> None:
        for key in keys:
            while key > instrument.highest:
                key -= 12
            notes.append(Note(now, length_ms, key, int(rng.integers(25, 128))))

    while now < end:
        root = int(rng.integers(instrument.lowest, instrument.highest + 1))
        figure = rng.choice(["note", "chord", "phrase"])
        if instrument.drums:
            step = int(rng.integers(100, 250))
            for _ in range(8):
                strike(rng.choice(KIT, rng.integers(1, 3), replace=False).tolist(), step)
                now += step
        elif figure == "phrase":
            scale = SCALES[rng.integers(len(SCALES))]
            step = int(rng.integers(60, 300))
            for _ in range(rng.integers(4, 9)):
                strike([root + int(rng.choice(scale))], step)
                now += step
        else:
            chord = CHORDS[rng.integers(len(CHORDS))] if figure == "chord" and instrument.chords else (0,)
            length_ms = int(rng.integers(150, 1200))
            strike((root + interval for interval in chord), length_ms)
            now += length_ms
        now += int(rng.integers(0, 300))
    return [note for note in notes if note.start_ms < end]


def _play(soundfont: Path, midi: bytes, samples: int) -> np.ndarray:
    """What fluidsynth makes of a MIDI file without reverb and chorus, mono (samples,), in float64."""
    with tempfile.TemporaryDirectory() as folder:
        score, sound = Path(folder, "score.mid"), Path(folder, "sound.wav")
        score.write_bytes(midi)
        options = ["-q", "-n", "-i", "-f", "/dev/null", "-R", "0", "-C", "0", "-g", "0.5", "-r", str(SAMPLE_RATE)]
        # Without it fluidsynth plays the computer's default soundfont instead of one that it cannot read.
        options += ["-o", "synth.default-soundfont="]
        command = ["fluidsynth", *options, "-T", "wav", "-O", "float", "-F", str(sound), str(soundfont), str(score)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        except FileNotFoundError as error:
            raise SourceError("the program fluidsynth is not here; install the Debian package fluidsynth") from error
        except subprocess.TimeoutExpired as error:
            raise SourceError(f"{soundfont}: fluidsynth took more than {PATIENCE_S:g} s; try another one") from error
        complaints = [line for line in done.stderr.splitlines() if "error:" in line]  # it ends with 0 nevertheless
        if done.returncode or complaints or not sound.exists():
            reason = complaints[0] if complaints else f"exit status {done.returncode}"
            raise SourceError(f"{soundfont}: fluidsynth cannot play it ({reason}); try another one")
        try:
            stereo, _ = soundfile.read(sound, always_2d=True)
        except soundfile.LibsndfileError:
            stereo = np.empty((0, 2))
    if len(stereo) < samples:  # a whole file goes on until the notes have rung out
        raise SourceError(f"{tempfile.gettempdir()}: fluidsynth stopped writing; make room on the disk")
    return stereo.mean(axis=1)[:samples]


def render_soundfont(soundfont: Path, folder: Path, seed: int, seconds: float) -> list[Path]:
    """A FLAC file of `seconds` for each of INSTRUMENTS in `folder`, mono, 48 kHz, peak at 0.9; returns their paths.

    Files are named after soundfont, instrument, seed and seconds, and one that is there is not made again. The same
    seed gives the same notes. Raises SourceError when fluidsynth or the soundfont is missing or unusable.
    """
    if not soundfont.is_file():
        raise SourceError(f"{soundfont}: no such soundfont; install the Debian package timgm6mb-soundfont")
    paths = []
    for number, instrument in enumerate(INSTRUMENTS):
        path = folder / f"{instrument.name}-{soundfont.stem}-{seed}-{seconds:g}s.flac"
        paths.append(path)
        if path.exists():
            continue
        notes = draw_notes(instrument, np.random.default_rng((seed, number)), seconds)
        channel = DRUM_CHANNEL if instrument.drums else 0
        sound = _play(
            soundfont,
            midi_file(notes, instrument.program, channel, round(1000 * seconds)),
            round(seconds * SAMPLE_RATE),
        )
        peak = float(np.abs(sound).max())
        if not np.isfinite(peak) or peak == 0:
            raise SourceError(f"{soundfont}: {instrument.name} is silent; use a soundfont with all General MIDI sounds")
        encoded = io.BytesIO()
        soundfile.write(encoded, sound * (PEAK / peak), SAMPLE_RATE, format="FLAC", subtype="PCM_24")
        write_whole(path, partial(Path.write_bytes, data=encoded.getvalue()))
    return paths
