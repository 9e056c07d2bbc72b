# SPDX-License-Identifier: MIT
"""The scenarios once more, on a library that ends the program at any memory error or undefined behaviour."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from compiled import FIRMWARE, compile_sanitized_device

LIBRARY = "GRITSPACE_SCENARIO_LIBRARY"  # see stage.py


def run_scenarios(library: Path, repository: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """The scenario suite in a process of its own, with the sanitizer under Python."""
    runtime = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    environment = {
        **os.environ,
        LIBRARY: str(library),
        "LD_PRELOAD": runtime.stdout.strip(),
        "ASAN_OPTIONS": "detect_leaks=0",  # Python's own
    }
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "tests/test_scenarios.py", *words]
    return subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True)


@pytest.mark.skipif(LIBRARY in os.environ, reason="runs inside itself")
def test_scenarios_under_the_sanitizers(tmp_path: Path, repository: Path) -> None:
    finished = run_scenarios(compile_sanitized_device(tmp_path / "sanitized.so"), repository)
    assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    assert " passed" in finished.stdout


def test_a_sample_written_too_far_is_noticed(tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (FIRMWARE / "boards/playback.cpp").read_text()
    careless = text.replace("i < block_size; ++i) audio", "i <= protocol::kMaxBlockSize; ++i) audio")
    assert careless != text
    (tmp_path / "playback.cpp").write_text(careless)
    host_board = [FIRMWARE / "boards/host/library.cpp", tmp_path / "playback.cpp"]
    monkeypatch.setattr("compiled.HOST_BOARD", host_board)
    finished = run_scenarios(compile_sanitized_device(tmp_path / "sanitized.so"), repository, "-k", "silence")
    assert finished.returncode != 0 and "out of bounds" in finished.stderr
