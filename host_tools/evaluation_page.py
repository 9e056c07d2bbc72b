# SPDX-License-Identifier: MIT
"""The page of a checkpoint's evaluation: index.html beside the pictures and WAVs that it shows, in one folder.

Depends on the report's style, on tables and on what the model's gallery has drawn and played. Measures nothing.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path

import numpy as np

from host_tools.audio import save_audio
from host_tools.files import git_revision, write_atomically
from host_tools.report import STYLE_SHEET
from host_tools.tables import Table, to_html

Picture = tuple[str, str, str]  # chapter, file, what one sees
Sound = tuple[str, str, str, np.ndarray]  # chapter, file, title, (samples,)

# In the order of the page: heading, and what a reader should know before.
CHAPTERS = {
    "errors": (
        "How close it comes",
        "The error-to-signal ratio (ESR) is the power of the difference over the power of the effect: 1\u00a0% is "
        "20\u00a0dB below the sound. The MR-STFT distance compares spectra, as ears do. Nothing here was learned from.",
    ),
    "map": ("The map", "Two knobs: x chooses the character, y the drive."),
    "walks": (
        "Walk over the map",
        "A phrase, then the same phrase at nine spots one after the other, all equally loud, as the module makes them.",
    ),
    "devices": ("Every device beside its effect", "At a drive of 0.75, at the level that the decoder has learned."),
    "encoder": ("What the encoder sees", "It hears a dry and a wet sound, and says where on the map that is."),
    "aliasing": ("Aliasing", "What a sine becomes that is not one of its harmonics."),
    "tails": (
        "As a note dies away",
        "Tails are where digital distortions turn to grit. In each sound the second half follows once more, 30 dB "
        "louder.",
    ),
}
STYLE = """
main { max-width: 72rem; }
nav { display: flex; flex-wrap: wrap; gap: .3rem 1.3rem; font-size: .92rem; }
a { color: var(--accent); text-decoration: none; }
figure { margin: 1.6rem 0 0; }
figure img { display: block; max-width: 100%; height: auto; margin: 0 auto; background: #fff; border-radius: 8px; }
.lead { margin: -.3rem 0 1rem; max-width: 46rem; color: var(--soft); }
.pairs { grid-template-columns: repeat(2, 1fr); margin-top: 1.4rem; }
.pairs div:has([src$="_dry.wav"]) { grid-column: 1 / -1; }
"""


def write_page(
    folder: Path,
    model: str,
    tables: Mapping[str, Table],
    pictures: Sequence[Picture],
    sounds: Sequence[Sound],
    sample_rate: int,
) -> Path:
    """Writes the sounds and index.html into the folder, where the pictures are already; returns the page's path.

    `tables` has at most one for each chapter; a chapter of which there is nothing is left out. Raises UserError.
    """
    for _, file, _, samples in sounds:
        save_audio(folder / file, samples, sample_rate)
    shown = {
        chapter: body
        for chapter in CHAPTERS
        if (body := _table(tables.get(chapter)) + _figures(chapter, pictures) + _players(chapter, sounds))
    }
    links = "".join(f'<a href="#{chapter}">{escape(CHAPTERS[chapter][0])}</a>' for chapter in shown)
    sections = "\n".join(
        f'<section id="{chapter}"><h2>{escape(CHAPTERS[chapter][0])}</h2>'
        f'<p class="lead">{escape(CHAPTERS[chapter][1])}</p>{body}</section>'
        for chapter, body in shown.items()
    )
    today = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
    facts = (("float checkpoint", model), ("source", git_revision()[:12]), ("made", today))
    cells = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in facts)
    return write_atomically(
        folder / "index.html",
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>gritspace: a map of distortions</title>\n<style>\n{STYLE_SHEET.read_text(encoding='utf-8')}{STYLE}"
        "</style></head>\n<body><main>\n<header><h1>A map of distortions, seen and heard</h1></header>"
        '<p class="summary">What the float model makes of sounds that it never met, and what its map is like to play.'
        f"</p><dl>{cells}</dl><nav>{links}</nav>\n{sections}\n</main></body></html>\n",
    )


def _table(table: Table | None) -> str:
    return to_html(table) if table and table.rows else ""


def _figures(chapter: str, pictures: Sequence[Picture]) -> str:
    return "".join(
        f'<figure><a href="{escape(file)}"><img src="{escape(file)}" alt="{escape(caption)}" loading="lazy"></a>'
        f'<figcaption class="caption">{escape(caption)}</figcaption></figure>'
        for own, file, caption in pictures
        if own == chapter
    )


def _players(chapter: str, sounds: Sequence[Sound]) -> str:
    players = "".join(
        f'<div><span>{escape(title)}</span><audio controls preload="none" src="{escape(file)}"></audio></div>'
        for own, file, title, _ in sounds
        if own == chapter
    )
    return f'<div class="sounds pairs">{players}</div>' if players else ""
