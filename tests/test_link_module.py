# SPDX-License-Identifier: MIT
"""The link's requests to the whole module, around a stub decoder: status, settings, presets, MIDI, panel, bench."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from compiled import compile_stub_device
from line import Line

from host_tools.framing import frame
from host_tools.packets import ADC_CHANNELS, BASES, FLAGS, PRESETS

NOON = [32_768] * 6 + [33_105, 33_105]  # knobs in the middle, no CV
BLOCK = 48
FULL_SCALE = 1 << 23


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return compile_stub_device(tmp_path_factory.mktemp("link"))


@pytest.fixture
def line(library: Path) -> Iterator[Line]:
    line = Line(library)
    yield line
    line.close()


class Bench:
    """The module from power-up, block after block."""

    def __init__(self, line: Line, factory: int = 1) -> None:
        self.line, self.sequence = line, 7
        self.status = line.send("POWER_UP", 7, factory=factory).values["status"]

    def play(self, dry: list[int] | None = None, adc: list[int] = NOON, inputs: int = 0) -> dict[str, Any]:
        self.sequence += 1
        reply = self.line.send("PLAY", self.sequence, adc=adc, inputs=inputs, dry=dry or [0] * BLOCK)
        assert reply.name == "PLAYED"
        return reply.values

    def settle(self, blocks: int = 40, **panel: Any) -> dict[str, Any]:
        return [self.play(**panel) for _ in range(blocks)][-1]


def test_power_up_starts_a_session_and_says_how_the_module_is(line: Line) -> None:
    status = Bench(line).status
    assert (status["blocks"], status["flags"] & FLAGS["LIVE"], status["preset"]) == (0, 0, 255)


def test_blocks_of_the_module_follow_each_other(line: Line) -> None:
    bench = Bench(line)
    bench.settle(300)
    loud = [FULL_SCALE // 4] * BLOCK
    dry_only = [*NOON[:5], 0, *NOON[6:]]
    bench.settle(200, adc=dry_only)
    played = [bench.play(loud, adc=dry_only) for _ in range(2)][-1]
    assert played["wet"] == loud  # the stub has no latency


def test_the_same_inputs_from_power_up_give_the_same_bits(line: Line) -> None:
    rng = np.random.default_rng(1)
    dry = rng.integers(-FULL_SCALE, FULL_SCALE, (400, BLOCK)).tolist()
    adc = rng.integers(0, 65_536, (400, len(ADC_CHANNELS))).tolist()

    def take() -> list[dict[str, Any]]:
        bench = Bench(line)
        return [
            bench.play(block, codes, index // 50 % 4) for index, (block, codes) in enumerate(zip(dry, adc, strict=True))
        ]

    assert take() == take()


def test_a_module_session_refuses_what_does_not_fit(line: Line) -> None:
    assert line.error_of("PLAY", 1, adc=NOON, inputs=0, dry=[0] * BLOCK) == "NOT_RESET"
    assert line.error_of("POWER_UP", 1, factory=2) == "OUT_OF_RANGE"
    Bench(line)
    assert line.error_of("PLAY", 8, adc=NOON, inputs=0, dry=[0] * (BLOCK - 1)) == "WRONG_SIZE"
    assert line.error_of("PLAY", 9, adc=NOON, inputs=0, dry=[0] * BLOCK) == "WRONG_SEQUENCE"
    assert line.error_of("PLAY", 8, adc=NOON, inputs=0, dry=[FULL_SCALE] * BLOCK) == "OUT_OF_RANGE"
    assert line.error_of("PROCESS", 8, z=[0, 0], dry=[0] * BLOCK) == "NOT_RESET"
    assert line.send("PLAY", 8, adc=NOON, inputs=0, dry=[-FULL_SCALE] * BLOCK).name == "PLAYED"
    line.send("RESET", 0, scheme=1)
    assert line.error_of("PLAY", 1, adc=NOON, inputs=0, dry=[0] * BLOCK) == "NOT_RESET"
    line.send("GO_LIVE", 2)
    assert line.error_of("PROCESS", 1, z=[0, 0], dry=[0] * BLOCK) == "NOT_RESET"


def test_settings_are_used_and_remembered(line: Line) -> None:
    settings = line.send("READ_SETTINGS", 1, factory=0).values["settings"]
    changed = {**settings, "morph_time_ms": 1234, "presets": [{"x": i, "y": -i} for i in range(PRESETS)]}
    assert line.send("WRITE_SETTINGS", 2, settings=changed).values["settings"] == changed
    line.send("POWER_UP", 3, factory=1)
    assert line.send("READ_SETTINGS", 4, factory=0).values["settings"] == settings
    line.send("GO_LIVE", 5)
    assert line.send("READ_SETTINGS", 6, factory=0).values["settings"] == changed
    assert line.error_of("WRITE_SETTINGS", 7, settings={**changed, "morph_time_ms": 10_001}) == "OUT_OF_RANGE"
    assert line.send("READ_SETTINGS", 8, factory=0).values["settings"] == changed


def test_changes_on_a_factory_bench_are_not_remembered(line: Line) -> None:
    settings = line.send("READ_SETTINGS", 1, factory=0).values["settings"]
    line.send("POWER_UP", 2, factory=1)
    line.send("WRITE_SETTINGS", 3, settings={**settings, "morph_time_ms": 1})
    line.send("GO_LIVE", 4)
    assert line.send("READ_SETTINGS", 5, factory=0).values["settings"] == settings


def test_presets_are_recalled_and_stored(line: Line) -> None:
    bench = Bench(line)
    presets = line.send("READ_SETTINGS", 1, factory=0).values["settings"]["presets"]
    line.send("RECALL_PRESET", 2, index=5)
    assert bench.settle()["spot"] == presets[5]
    status = line.send("READ_STATUS", 3).values["status"]
    assert (BASES[status["base"]], status["preset"]) == ("preset", 5)
    stored = line.send("STORE_PRESET", 4, index=0).values["settings"]["presets"]
    assert stored == [presets[5], *presets[1:]]
    assert line.error_of("RECALL_PRESET", 5, index=PRESETS) == "OUT_OF_RANGE"
    assert line.error_of("STORE_PRESET", 6, index=PRESETS) == "OUT_OF_RANGE"


def test_asking_faster_than_the_module_plays_is_refused(line: Line) -> None:
    Bench(line)
    replies = [line.send("RECALL_PRESET", i, index=i % PRESETS) for i in range(68)]
    assert [reply.name for reply in replies] == ["STATUS_IS"] * 64 + ["ERROR"] * 4


def test_midi_moves_the_spot(line: Line) -> None:
    bench = Bench(line)
    line.send("MIDI", 1, bytes=[0xB0, 14, 127, 15, 0])
    assert bench.settle(120)["spot"] == {"x": 32_767, "y": -32_768}
    line.send("MIDI", 2, bytes=[14, 64, 15, 64])
    assert bench.settle(120)["spot"] == {"x": 0, "y": 0}
    line.send("MIDI", 3, bytes=[81, 127, 80, 127])
    assert bench.settle()["flags"] == FLAGS["BYPASS"] | FLAGS["FROZEN"]
    line.send("MIDI", 4, bytes=[0xC0, 3])
    bench.settle()
    assert line.send("READ_STATUS", 5).values["status"]["preset"] == 3


def test_more_midi_than_fits_between_two_blocks_is_refused(line: Line) -> None:
    bench = Bench(line)
    assert line.send("MIDI", 1, bytes=[0xC0, *[0] * 63, 5]).name == "STATUS_IS"
    bench.settle()
    assert line.send("READ_STATUS", 3).values["status"]["preset"] == 5
    assert line.send("MIDI", 2, bytes=[0xC0, *[0] * 64, 4]).values["code"] == 9  # BUSY


def test_the_button_freezes_and_bypasses(line: Line) -> None:
    bench = Bench(line)
    bench.settle(100, inputs=2)
    bench.settle(20)
    assert line.send("READ_STATUS", 1).values["status"]["flags"] == FLAGS["FROZEN"]
    bench.settle(700, inputs=2)
    assert bench.settle(20)["flags"] == FLAGS["FROZEN"] | FLAGS["BYPASS"]


def test_the_codec_plays_while_nobody_is_at_the_bench(line: Line) -> None:
    corner = [0, 65_535, *NOON[2:]]
    assert line.send("PANEL", 1, adc=corner, inputs=1).name == "STATUS_IS"
    line.run_codec(300)
    status = line.send("READ_STATUS", 2).values["status"]
    assert status["blocks"] == 300 and status["adc"] == corner
    assert status["flags"] & FLAGS["LIVE"] and status["flags"] & FLAGS["GATE"]
    assert status["input_peak"] > 0 and status["output_peak"] > 0
    line.send("RESET", 3, scheme=1)
    line.run_codec(10)
    assert not line.send("READ_STATUS", 4).values["status"]["flags"] & FLAGS["LIVE"]
    line.send("GO_LIVE", 5)
    line.run_codec(10)
    assert line.send("READ_STATUS", 6).values["status"]["blocks"] == 10  # it started anew


def test_requests_of_the_wrong_size_are_refused(line: Line) -> None:
    for code in range(0x04, 0x0E):
        if code == 0x09:
            continue  # any number of MIDI bytes will do
        (reply,) = line.send_bytes(frame(bytes([code, 0, 0]) + bytes(3)))
        assert reply.name == "ERROR"
