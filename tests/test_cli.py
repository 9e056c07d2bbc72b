# SPDX-License-Identifier: MIT
"""The command line as people meet it: JSON for scripts, one sentence for what they can mend, nothing half-written."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pytest
import soundfile
from stand_ins import StandInModule, small_artefact, with_flat_card

from host_tools import boards, cli
from host_tools.device import Device
from host_tools.module import commands
from host_tools.module.client import ModuleClient
from quantize.graph import Layer
from quantize.synthetic import synthetic_graph

RATE = 48_000


@pytest.fixture
def models(tmp_path: Path) -> Path:
    for scheme in ("int8", "int16x8"):
        small_artefact(scheme, tmp_path / "models")
    return tmp_path / "models"


@pytest.fixture
def take(tmp_path: Path) -> Path:
    soundfile.write(tmp_path / "take.wav", 0.5 * np.sin(np.arange(RATE // 4) / 20), RATE)
    return tmp_path / "take.wav"


def run(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["gritspace", *map(str, words)])
    return cli.main()


def test_witness_writes_rows_for_scripts(monkeypatch, models, take, tmp_path):
    target = tmp_path / "witness.json"
    assert run(monkeypatch, "witness", "--models", models, "--samples", 960, "--audio", take, "--json", target) == 0
    document = json.loads(target.read_text())
    assert set(document) >= {"model_id", "git", "results"}
    assert set(document["results"][0]) >= {"scheme", "engine", "samples", "mismatches", "max_lsb"}
    assert {row["engine"] for row in document["results"]} == {"tflm", "litert_reference", "litert_default"}


def test_render_plays_a_recording(monkeypatch, models, take, tmp_path):
    wet = tmp_path / "wet.wav"
    assert run(monkeypatch, "render", take, "-o", wet, "--z", 1, -1, "--models", models) == 0
    samples, rate = soundfile.read(wet)
    assert rate == RATE and len(samples) == RATE // 4


@pytest.mark.parametrize("content", ["missing", "empty", "text", "nan", "silent"])
def test_bad_audio_is_one_sentence_and_writes_nothing(monkeypatch, capsys, models, tmp_path, content):
    dry, wet = tmp_path / "dry.wav", tmp_path / "out" / "wet.wav"
    if content == "empty":
        dry.write_bytes(b"")
    elif content == "text":
        dry.write_text("not audio")
    elif content in ("nan", "silent"):
        soundfile.write(dry, np.full(1_000, np.nan if content == "nan" else 0.0), RATE, subtype="FLOAT")
    status = run(monkeypatch, "render", dry, "-o", wet, "--z", 0, 0, "--models", models)
    if content == "silent":  # may be played, and is said
        assert status == 0 and "silence" in capsys.readouterr().out
        return
    error = capsys.readouterr().err
    assert status == 2 and "dry.wav" in error and error.count("\n") == 1 and not wet.parent.exists()


def test_a_spot_outside_the_map_names_the_range(monkeypatch, capsys, models, take, tmp_path):
    assert run(monkeypatch, "render", take, "-o", tmp_path / "w.wav", "--z", 9, 0, "--models", models) == 2
    assert "-3 to 3" in capsys.readouterr().err and not (tmp_path / "w.wav").exists()


@pytest.mark.parametrize("word", ["nan", "inf", "left"])
def test_a_spot_that_is_no_number_is_refused(monkeypatch, capsys, models, take, tmp_path, word):
    with pytest.raises(SystemExit) as stop:
        run(monkeypatch, "render", take, "-o", tmp_path / "w.wav", "--z", word, 0, "--models", models)
    assert stop.value.code == 2 and "--z" in capsys.readouterr().err


@pytest.mark.parametrize("damage", ["truncated", "swapped", "missing"])
def test_a_bad_model_is_one_sentence(monkeypatch, capsys, models, take, tmp_path, damage):
    path = models / "int16x8" / "decoder.tflite"
    if damage == "truncated":
        path.write_bytes(path.read_bytes()[:-200])
    elif damage == "swapped":
        path.write_bytes((models / "int8" / "decoder.tflite").read_bytes())
    else:
        path.unlink()
    assert run(monkeypatch, "render", take, "-o", tmp_path / "w.wav", "--z", 0, 0, "--models", models) == 2
    error = capsys.readouterr().err
    assert str(path) in error and error.count("\n") == 1 and not (tmp_path / "w.wav").exists()


@pytest.mark.parametrize("port", ["/dev/ttyNowhere", "socket://127.0.0.1:1"])
def test_an_absent_port_is_one_sentence(monkeypatch, capsys, models, take, port):
    assert run(monkeypatch, "verify", "--board", port, "--models", models, "--audio", take) == 2
    error = capsys.readouterr().err
    assert port in error and error.count("\n") == 1


def test_a_missing_checkpoint_names_the_remedy(monkeypatch, capsys, tmp_path):
    assert run(monkeypatch, "evaluate", "--weights", tmp_path / "nowhere") == 2
    assert "gritspace train" in capsys.readouterr().err


def test_emit_writes_sources_and_golden_vectors(monkeypatch, models, tmp_path):
    words = ("--generated", tmp_path / "generated", "--golden", tmp_path / "golden")
    assert run(monkeypatch, "emit", "--models", models, *words) == 0
    assert (tmp_path / "generated" / "model_int8.cpp").exists() and (tmp_path / "golden" / "manifest.json").exists()


def test_a_graph_that_the_engine_cannot_run_is_one_sentence(monkeypatch, capsys, models, tmp_path):
    graph = synthetic_graph("int16x8", channels=4, dilations=(1,), silent=True)
    first = graph.layers[0]
    assert first.gate is not None
    broken = replace(graph, layers=(Layer(first.filter, replace(first.gate, bias=first.gate.bias + 2**31)),))
    (models / "int16x8" / "decoder.tflite").write_bytes(with_flat_card(broken))
    words = ("--generated", tmp_path / "generated", "--golden", tmp_path / "golden")
    assert run(monkeypatch, "emit", "--models", models, *words) == 2
    error = capsys.readouterr().err
    assert "gate0: an accumulator may reach" in error and error.count("\n") == 1
    assert not (tmp_path / "generated").exists()  # nor the other scheme's, which is in order


def test_a_place_that_cannot_be_written_is_one_sentence(monkeypatch, capsys, models, take, tmp_path):
    words = ("--generated", take / "generated", "--golden", tmp_path / "golden")
    assert run(monkeypatch, "emit", "--models", models, *words) == 2
    error = capsys.readouterr().err
    assert f"{take}" in error and "Not a directory; choose another place" in error and error.count("\n") == 1


def test_a_disk_that_fills_is_one_sentence_without_a_name_too(monkeypatch, capsys):
    """Errors of an open file know no name."""

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("host_tools.demo.demo", full)
    assert run(monkeypatch, "demo") == 2
    assert capsys.readouterr().err == "gritspace: No space left on device; choose another place, or make room\n"


def test_the_bench_tools_load_no_torch():
    """Opening the command line and golden costs no second of importing what only training needs."""
    module = "host_tools.module.play, host_tools.module.calibration_hands"
    tools = f"host_tools.cli, host_tools.parity, {module}, quantize.golden"
    program = f"import sys, {tools}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], env=dict(os.environ)).returncode == 0


@pytest.fixture
def at_home(monkeypatch, tmp_path):
    """Virtual boards remember in a folder of this test."""
    monkeypatch.setattr(commands, "STORAGE", tmp_path / "boards")


def test_play_writes_a_whole_file_and_says_what_was_done(monkeypatch, capsys, at_home, take, tmp_path):
    words = (
        "--knob",
        "x=0.25",
        "--knob",
        "mix=1",
        "--cv-x",
        "lfo:2:3",
        "--cv-y",
        "dc:-1",
        "--gate",
        "clock:2",
        "--preset",
        2,
    )
    assert run(monkeypatch, "play", take, "-o", tmp_path / "wet.wav", *words) == 0
    samples, rate = soundfile.read(tmp_path / "wet.wav")
    assert (len(samples), rate) == (RATE // 4, RATE) and np.abs(samples).max() > 0.1
    said = capsys.readouterr().out
    assert "the sound comes 6 samples late" in said and "wrote" in said


@pytest.mark.parametrize(
    "words", [("--cv-x", "nowhere.wav"), ("--gate", "dc:1"), ("--knob", "volume=1"), ("--board", "/dev/ttyNowhere")]
)
def test_what_play_cannot_use_is_one_sentence_and_writes_nothing(monkeypatch, capsys, at_home, take, tmp_path, words):
    assert run(monkeypatch, "play", take, "-o", tmp_path / "out" / "wet.wav", *words) == 2
    error = capsys.readouterr().err
    assert words[1] in error and error.count("\n") == 1 and not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("soak", "--minutes", "nan"), "--minutes: nan is not a finite number"),
        (("soak", "--minutes", "inf"), "--minutes: inf is not a finite number"),
        (("soak", "--minutes", "-1"), "--minutes: -1 is not above zero"),
        (("soak", "--seed", "-1"), "--seed: -1 is negative"),
        (("soak", "--seed", "x"), "--seed: x is not a whole number"),
        (("monitor", "--seconds", "nan"), "--seconds: nan is not a finite number"),
        (("monitor", "--seconds", "-3"), "--seconds: -3 is not above zero"),
        (("train", "--steps", "-1"), "--steps: -1 is negative"),
        (("train", "--channels", "0"), "--channels: 0 is not at least 1"),
    ],
)
def test_a_number_out_of_range_is_one_sentence(monkeypatch, capsys, words, said):
    with pytest.raises(SystemExit) as stop:
        run(monkeypatch, *words)
    assert stop.value.code == 2 and capsys.readouterr().err.endswith(f"error: argument {said}\n")


@pytest.mark.parametrize(
    "words", [("monitor",), ("calibrate",), ("presets", "get"), ("settings", "set", "scheme=int8")]
)
def test_an_absent_module_is_one_sentence(monkeypatch, capsys, words):
    assert run(monkeypatch, *words, "--board", "socket://127.0.0.1:1") == 2
    error = capsys.readouterr().err
    assert "cannot open socket://127.0.0.1:1" in error and error.count("\n") == 1


def test_monitor_prints_one_table_where_nobody_watches(monkeypatch, capsys, at_home):
    assert run(monkeypatch, "monitor") == 0
    assert "held by pots" in capsys.readouterr().out


@pytest.mark.parametrize(("words", "full_scale"), [((), "8.500 V"), (("--audio",), "8.245 V")])
def test_calibrate_stores_and_writes_its_report_card(monkeypatch, capsys, at_home, tmp_path, words, full_scale):
    monkeypatch.setattr("host_tools.module.calibrate.READINGS", 2)  # they take real time
    assert run(monkeypatch, "calibrate", "--out", tmp_path / "reports", *words) == 0
    said = capsys.readouterr().out
    assert "its knobs are turned for you" in said and "PASS: stored" in said
    assert {path.suffix for path in (tmp_path / "reports").iterdir()} == {".json", ".md"}
    assert run(monkeypatch, "settings", "get") == 0
    shown = capsys.readouterr().out
    assert "-5,8" in shown and full_scale in shown  # the virtual circuit's volt, its converter


def test_a_sine_that_is_refused_stores_nothing_of_the_panel_either(monkeypatch, at_home, tmp_path):
    monkeypatch.setattr("host_tools.module.calibrate.READINGS", 2)
    monkeypatch.setattr("host_tools.module.calibration_hands.VirtualHands.SINE_PEAK", 0.001)
    assert run(monkeypatch, "calibrate", "--audio", "--out", tmp_path) == 1
    assert "the module's meter of IN reads -60.2 dBFS" in next(tmp_path.glob("*.md")).read_text()
    with boards.open_board("host", storage=commands.STORAGE / "host.flash") as device:
        settings = ModuleClient(device).settings()
    assert settings == replace(settings, pot_low=(0,) * 6, in_full_scale_mv=8_500)


@pytest.mark.parametrize(
    ("answers", "status", "said"),
    [
        (["", "g"], 1, "REFUSED: nothing was stored; wrote"),
        (["", KeyboardInterrupt()], 130, "nothing was stored"),
        ([EOFError()], 2, ""),
    ],
)
def test_a_calibration_that_does_not_end_well_stores_nothing(monkeypatch, capsys, tmp_path, answers, status, said):
    module = StandInModule(adc=lambda: [0] * 8)  # nothing is connected
    monkeypatch.setattr(boards, "open_board", lambda board, storage=None: Device(module))
    monkeypatch.setattr(commands.console, "input", Mock(side_effect=answers))
    assert run(monkeypatch, "calibrate", "--board", "/dev/ttyACM0", "--out", tmp_path) == status
    assert len(list(tmp_path.iterdir())) == (2 if status == 1 else 0)
    assert said in capsys.readouterr().out and "WRITE_SETTINGS" not in module.requests and module.closed


def test_a_map_of_ones_own_is_measured_against_its_own_float_model(monkeypatch, capsys, models, take, tmp_path):
    """The released float model must not stand in for that of another folder."""
    assert (
        run(monkeypatch, "render", take, "-o", tmp_path / "w.wav", "--z", 0, 0, "--models", models, "--engine", "float")
        == 2
    )
    assert str(models / "decoder_float32.onnx") in capsys.readouterr().err
    assert run(monkeypatch, "verify", "--models", models, "--audio", take) == 2
