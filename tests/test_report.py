# SPDX-License-Identifier: MIT
"""The report: one page that refers to nothing outside itself, with the numbers on it and in the JSON beside it."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
from rich.console import Console

from host_tools import plots
from host_tools.parity import ParityResult, ParityRow
from host_tools.report import Picture, ReportContent, Sound, Stage, page, report_path, write_report
from host_tools.tables import bench_table, parity_table, to_rich, witness_table
from host_tools.witness import WitnessResult, WitnessRow

RATE = 48_000
CLIP = 0.5 * np.sin(np.arange(RATE // 4) / 9)
BENCH = {
    "scheme": "int8",
    "flavour": "fast",
    "macs_per_sample": 2334.25,
    "instructions_per_sample": 3266.0,
    "model_cycles_per_sample": None,
    "flash_bytes": 14_233,
    "ram_bytes": 6_210,
    "spread_instructions": 0,
}


def parity(verdict: str = "PASS", mismatches: int = 0) -> ParityResult:
    first = "sample 5 (block 0)" if mismatches else None
    row = ParityRow("int8", "host", "<b>take & give</b>.wav", 1_234_567, mismatches, mismatches, 27.31, 0.00186, first)
    return ParityResult("aa+bb", "host", "0.1.0", (row,), verdict, (), (), 1.0)


def witnesses(verdict: str = "PASS") -> WitnessResult:
    rows = (WitnessRow("int8", "tflm", 1_000_032, 0, 0), WitnessRow("int8", "litert_default", 1_000_032, 27_201, 3))
    return WitnessResult("aa+bb", "double", rows, verdict, 1.0, ())


def full_content() -> ReportContent:
    points = [plots.MapPoint(x / 5, 0.5, device, 0.3) for device in ("tanh", "fuzz") for x in range(5)]
    pictures = [
        Picture("Waveforms", plots.waveforms(CLIP, 2 * CLIP, {"int8": 2 * CLIP + 1e-2, "int16x8": 2 * CLIP}, RATE)),
        Picture("Spectrograms", plots.spectrograms({"dry": CLIP, "wet": 2 * CLIP}, RATE)),
        Picture("The map", plots.latent_map(points, [("drive", -3, 3), ("colour", -3, 3)])),
    ]
    return ReportContent(
        title="A <demo>",
        summary="What it shows.",
        model_id="aa+bb",
        facts=[("board", "host")],
        stages=[Stage("witness", 12.5), Stage("parity", 2.5)],
        parity=[parity()],
        witness=witnesses(),
        bench=[BENCH],
        evaluation=[{"split": "seen", "clips": 300, "esr_median": 0.0091, "esr_mean": 0.0181, "esr_p95": 0.06}],
        pictures=pictures,
        sounds=[Sound("dry", CLIP, RATE)],
        notes=["take.wav: 2 channels mixed to one"],
    )


class Outside(HTMLParser):
    """Collects every address a page would load or lead to."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open.append(tag)
        for name, value in attrs:
            if name in ("src", "href", "xlink:href", "data", "action", "poster", "srcset"):
                self.addresses.append(value or "")
            self.addresses += re.findall(r"url\(([^)]*)\)", value or "")


def outside(text: str) -> list[str]:
    reader = Outside()
    reader.feed(text)
    style = "".join(re.findall(r"<style.*?</style>", text, re.S))
    found = reader.addresses + re.findall(r"url\(([^)]*)\)|@import ([^;]*)", style)
    return [address for address in found if not str(address).startswith(("data:", "#"))]


def test_the_page_refers_to_nothing_outside_itself():
    text = page(full_content())
    assert outside(text) == []
    assert outside(text + '<img src="https://example.org/a.png">') != []
    assert "<script" not in text and "<!DOCTYPE svg" not in text


def test_the_numbers_and_names_are_on_the_page():
    text = page(full_content())
    for shown in (
        "1,234,567",
        "27.3",
        "0.186",
        "1,000,032",
        "27,201",
        "2.72",
        "3,266",
        "1.40",
        "12.5 s",
        "aa+bb",
    ):
        assert shown in text, shown
    assert "&lt;b&gt;take &amp; give&lt;/b&gt;.wav" in text and "A &lt;demo&gt;" in text
    assert text.count("<audio") == 1 and "data:audio/flac;base64,ZkxhQ" in text
    assert text.count("<svg") == 4 and "PASS" in text
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids)) or duplicates_are_equal(text)


def duplicates_are_equal(text: str) -> bool:
    """Matplotlib names its groups alike in every picture; only what is referred to by id must be unique."""
    used = set(re.findall(r"url\(#([^)]+)\)", text)) | set(re.findall(r'href="#([^"]+)"', text))
    return all(text.count(f'id="{name}"') == 1 for name in used)


def without_time(text: str) -> str:
    """A minute may end between two pages."""
    whole, count = re.subn(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "", text)
    assert count == 1
    return whole


def test_the_json_beside_it_has_the_same_numbers(tmp_path):
    html, numbers = write_report(tmp_path / "new" / "r.html", full_content())
    document = json.loads(numbers.read_text())
    assert numbers == html.with_suffix(".json")
    assert without_time(html.read_text()) == without_time(page(full_content()))
    assert (document["verdict"], document["model_id"]) == ("PASS", "aa+bb")
    assert document["results"][0]["samples"] == 1_234_567
    assert document["witness"][1]["mismatches"] == 27_201
    assert document["bench"] == [BENCH] and document["stages"][0] == {"name": "witness", "seconds": 12.5}


@pytest.mark.parametrize(
    ("parities", "witness", "verdict"),
    [
        ([], None, "INCOMPLETE"),
        ([parity()], None, "PASS"),
        ([parity()], witnesses("FAIL"), "FAIL"),
        ([parity(), parity("INCOMPLETE")], witnesses(), "INCOMPLETE"),
        ([parity("INCOMPLETE"), parity("FAIL", 1)], None, "FAIL"),
    ],
)
def test_the_verdict_is_the_worst_of_its_parts(parities, witness, verdict):
    content = ReportContent("t", parity=parities, witness=witness)
    assert content.verdict == verdict
    assert f'<span class="verdict {verdict.lower()}">{verdict}</span>' in page(content)


def test_parts_that_are_missing_are_left_out():
    text = page(ReportContent("empty"))
    for heading in ("Parity", "Witnesses", "Listen", "Where the time went", "Said on the way"):
        assert heading not in text


def test_reports_are_named_by_time_and_board(tmp_path):
    assert re.fullmatch(r"\d{8}-\d{6}_socket---1-2-3-4-5\.html", report_path("socket://1.2.3.4:5", tmp_path).name)


def test_the_terminal_shows_the_same_tables():
    console = Console(width=140, record=True, file=io.StringIO())
    for table in (parity_table(parity("FAIL", 2)), witness_table(witnesses()), bench_table([BENCH])):
        console.print(to_rich(table))
    text = console.export_text()
    assert "first at sample 5 (block 0)" in text and "stated" in text and "3,266" in text
