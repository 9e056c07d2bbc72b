# SPDX-License-Identifier: MIT
"""The scenarios and a random take once more, on a library that ends the program at any memory error or undefined
behaviour."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from compiled import FIRMWARE, compile_sanitized_device

LIBRARY = "GRITSPACE_SCENARIO_LIBRARY"  # see stage.py
SCENARIOS = ("-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "tests/test_scenarios.py")
RANDOM_TAKE = """
import os, pathlib, numpy
from host_tools.artefacts import released_artefacts
from host_tools.module.soak import soak
music = [0.5 * numpy.sin(numpy.arange(96_000) / 17)]
rows = soak(released_artefacts(), 0.25, music, seed=4, library=pathlib.Path(os.environ["GRITSPACE_SCENARIO_LIBRARY"]))
print(sum(row.samples for row in rows), all(row.passed for row in rows))
"""

pytestmark = pytest.mark.skipif(LIBRARY in os.environ, reason="runs inside itself")


def run_python(library: Path, repository: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Python in a process of its own, with the sanitizer under it."""
    runtime = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    environment = {
        **os.environ,
        LIBRARY: str(library),
        "LD_PRELOAD": runtime.stdout.strip(),
        "ASAN_OPTIONS": "detect_leaks=0",  # Python's own
    }
    return subprocess.run([sys.executable, *words], cwd=repository, env=environment, capture_output=True, text=True)


@pytest.fixture(scope="module")
def sanitized(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_sanitized_device(tmp_path_factory.mktemp("sanitized") / "sanitized.so")


def test_scenarios_under_the_sanitizers(sanitized: Path, repository: Path) -> None:
    finished = run_python(sanitized, repository, *SCENARIOS)
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    assert " passed" in finished.stdout


def test_half_a_minute_at_random_under_the_sanitizers(sanitized: Path, repository: Path) -> None:
    finished = run_python(sanitized, repository, "-c", RANDOM_TAKE)
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    samples, passed = finished.stdout.split()[-2:]
    assert int(samples) > 1_000_000 and passed == "True"


def test_a_sample_written_too_far_is_noticed(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (FIRMWARE / "boards/playback.cpp").read_text()
    careless = text.replace("i < block_size; ++i) audio", "i <= protocol::kMaxBlockSize; ++i) audio")
    assert careless != text
    (tmp_path / "playback.cpp").write_text(careless)
    host_board = [FIRMWARE / "boards/host/library.cpp", tmp_path / "playback.cpp"]
    monkeypatch.setattr("compiled.HOST_BOARD", host_board)
    library = compile_sanitized_device(tmp_path / "sanitized.so")
    finished = run_python(library, repository, *SCENARIOS, "-k", "silence_gives")
    assert finished.returncode != 0 and "out of bounds" in finished.stderr
