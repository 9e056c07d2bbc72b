# SPDX-License-Identifier: MIT
"""TFLite Micro's interpreter as the firmware's engine. Without the library: the build's errors, and the model in the
image. With it at TFLM_DIR: golden's integers over the link, layer by layer for other shapes, and what does not fit."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from decoder_shapes import SHAPES
from engine_programs import check_on_cortex_m7
from stand_ins import with_flat_card

from host_tools.artefacts import LITE, released_artefacts
from host_tools.bench_image import INFO, PREVIEW, PROCESS, RESET
from host_tools.bench_tflm import ARENA, measure_tflm
from host_tools.boards import open_board
from host_tools.cortex_m7 import CortexM7
from host_tools.errors import LinkError, UserError
from host_tools.firmware import build_firmware
from host_tools.packets import FAULTS
from host_tools.parity import verify
from host_tools.stimuli import random_stimulus
from quantize.emit import emit_model
from quantize.graph import SCHEMES, Graph
from quantize.synthetic import synthetic_graph
from quantize.tflite import model_id, write_tflite

ENV = "qemu_m7_tflm"
READ, HAS = "_ZN9gritspace7decoder10ReadStreamENS_6SchemeEiPs", "_ZN9gritspace7decoder3HasENS_6SchemeE"
NAMES = {"engine_reset": RESET, "engine_process": PROCESS, "engine_preview": PREVIEW, "engine_read": READ}
KEPT = " ".join(f"-Wl,-u,{symbol}" for symbol in (INFO, PREVIEW, READ, HAS))  # which the firmware may not call
LIBRARY = "gen/cortex_m_generic_cortex-m7+fp_release_cmsis_nn_gcc/lib/libtensorflow-microlite.a"

needs_library = pytest.mark.skipif("TFLM_DIR" not in os.environ, reason="needs TFLite Micro's sources at TFLM_DIR")


def make_tflm(folder: Path, *, commit: str, built: bool) -> Path:
    """What the build looks at before it compiles anything."""
    header = folder / "tensorflow" / "lite" / "micro" / "micro_interpreter.h"
    library = folder / LIBRARY
    for path in (header, library) if built else (header,):
        path.parent.mkdir(parents=True)
        path.touch()
    for part in ("objects", "refs"):
        (folder / ".git" / part).mkdir(parents=True)
    (folder / ".git" / "HEAD").write_text(f"{commit}\n")
    return folder


def pinned_commit(repository: Path) -> str:
    builder = (repository / "firmware/platformio/builder/main.py").read_text()
    found = re.search(r'TFLM_COMMIT = "([0-9a-f]{40})"', builder)
    assert found
    return found[1]


def run_build(repository: Path, builds: Path, variables: Mapping[str, str]) -> list[str]:
    """The errors that the builder tells."""
    environment = {key: value for key, value in os.environ.items() if key not in ("TFLM_DIR", "GRITSPACE_MODELS")}
    environment |= {"PLATFORMIO_BUILD_DIR": str(builds), "PLATFORMIO_SETTING_ENABLE_TELEMETRY": "No", **variables}
    command = [sys.executable, "-m", "platformio", "run", "--silent", "-e", ENV]
    done = subprocess.run(command, cwd=repository, env=environment, capture_output=True, text=True)
    assert done.returncode != 0
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith("error: ")]


@pytest.mark.parametrize(
    ("state", "complaint"),
    [
        ("unset", "needs TFLite Micro at commit [0-9a-f]{40}; build it by its own Makefile.*then set TFLM_DIR"),
        ("elsewhere", "is no TFLite Micro; set it to the folder that has tensorflow/lite/micro"),
        ("no git", "is of no known commit; [0-9a-f]{40} was tested: check that out"),
        ("other commit", "is 0{40}; [0-9a-f]{40} was tested: check that out and build it again"),
        ("not built", "is not built in gen/cortex_m_generic_cortex-m7.*; build it by its own Makefile"),
    ],
)
def test_without_the_tested_library_the_build_stops_with_one_sentence(repository, tmp_path, state, complaint):
    commit = "0" * 40 if state == "other commit" else pinned_commit(repository)
    folder = make_tflm(tmp_path / "tflm", commit=commit, built=False)
    if state == "no git":
        (folder / ".git" / "HEAD").unlink()
    variables = {"unset": {}, "elsewhere": {"TFLM_DIR": str(tmp_path)}}.get(state, {"TFLM_DIR": str(folder)})
    told = run_build(repository, tmp_path / "build", variables)
    assert len(told) == 1
    assert re.search(complaint, told[0])


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("missing", "there is no .*int8/decoder.tflite; set GRITSPACE_MODELS"),
        ("without a card", "int8/decoder.tflite carries no model card; write it again with gritspace quantize"),
    ],
)
def test_a_model_that_cannot_be_played_is_refused(repository, tmp_path, change, complaint):
    library = make_tflm(tmp_path / "tflm", commit=pinned_commit(repository), built=True)
    models = tmp_path / "models"
    if change == "without a card":
        (models / "int8").mkdir(parents=True)
        (models / "int8" / "decoder.tflite").write_bytes(write_tflite(synthetic_graph("int8")))
    variables = {"TFLM_DIR": str(library), "GRITSPACE_MODELS": str(models)}
    told = run_build(repository, tmp_path / "build", variables)
    assert len(told) == 1
    assert re.search(complaint, told[0])


def test_the_image_holds_the_files_as_they_are(repository, tmp_path):
    """Compiling ends at TFLite Micro's first header; what was to be compiled is there, aligned."""
    library = make_tflm(tmp_path / "tflm", commit=pinned_commit(repository), built=True)
    graphs = [synthetic_graph(scheme) for scheme in SCHEMES]
    generated, models = write_models(tmp_path, graphs)
    variables = {
        "TFLM_DIR": str(library),
        "GRITSPACE_MODELS": str(models),
        "GRITSPACE_GENERATED": str(generated),
    }
    assert run_build(repository, tmp_path / "build", variables) == []
    text = (tmp_path / "build" / ENV / "model_files" / "model_files.cpp").read_text()
    told = dict(re.findall(r"^const uint32_t (\w+)Size = (\d+, \w+ = \w+);", text, re.MULTILINE))
    found = dict(re.findall(r"^alignas\(16\) const uint8_t (\w+)\[\] = \{([^}]*)\};", text, re.MULTILINE))
    for name, graph in zip(("kFileInt8", "kFileInt16x8"), graphs, strict=True):
        content = with_flat_card(graph)
        assert bytes(int(value) for value in re.findall(r"\d+", found[name])) == content
        assert told[name] == f"{len(content)}, {name}Id = 0x{model_id(content)}"


def write_models(folder: Path, graphs: list[Graph]) -> tuple[Path, Path]:
    """Folders of the generated C++ and of the `.tflite` files of both schemes' graphs."""
    generated, models = folder / "generated", folder / "models"
    generated.mkdir()
    for graph in graphs:
        name, content = graph.scheme.name, with_flat_card(graph)
        (models / name).mkdir(parents=True)
        (models / name / "decoder.tflite").write_bytes(content)
        for suffix, part in zip((".h", ".cpp"), emit_model(graph, model_id(content)), strict=True):
            (generated / f"model_{name}{suffix}").write_text(part)
    return generated, models


class Decoder(CortexM7):
    """The image's decoder by the names that `check_on_cortex_m7` calls, a scheme's number being its index."""

    def call(self, symbol: str, *arguments: int) -> int:
        return super().call(NAMES.get(symbol, symbol), *arguments)


def build_models(graphs: list[Graph], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of generated C++ under it, from which the image has been built."""
    generated, models = write_models(folder, graphs)
    monkeypatch.setenv("GRITSPACE_MODELS", str(models))
    monkeypatch.setenv("PLATFORMIO_BUILD_FLAGS", KEPT)
    build_firmware(ENV, generated, folder / "build")
    return generated


def start(folder: Path) -> Decoder:
    decoder = Decoder(folder / "build" / ENV / "firmware.elf")
    decoder.start()
    return decoder


@needs_library
def test_the_released_models_give_goldens_integers():
    result = verify(ENV, released_artefacts(), [], 10_000)
    assert (result.verdict, sum(row.mismatches for row in result.rows)) == ("PASS", 0), result.reasons
    assert {row.scheme for row in result.rows} == set(SCHEMES)
    assert sum(row.samples for row in result.rows) >= 20_000


@needs_library
@pytest.mark.parametrize("shape", ["odd everything", "mixed", "asymmetric"])
def test_every_layer_of_other_shapes_equals_golden(shape, tmp_path, monkeypatch):
    """Previews between the blocks leave no trace; reading a layer does not, either."""
    graphs = [SHAPES[shape](scheme) for scheme in SCHEMES]
    build_models(graphs, tmp_path, monkeypatch)
    decoder = start(tmp_path)
    for graph in graphs:
        assert 1_000 < decoder.call(ARENA, graph.scheme.code) < 64 << 10
        check_on_cortex_m7(decoder, graph.scheme.code, graph, random_stimulus(graph, 4 * graph.block_size))


@needs_library
def test_what_does_not_fit_the_arena_is_refused_and_silent(tmp_path, monkeypatch):
    graphs = [synthetic_graph(scheme, channels=24, dilations=(1, 2), block_size=256) for scheme in SCHEMES]
    generated = build_models(graphs, tmp_path, monkeypatch)
    decoder = start(tmp_path)
    for scheme in SCHEMES.values():
        dry, z, wet = (decoder.put(np.full(size, 99, np.int16)) for size in (256, 2, 256))
        decoder.call(PROCESS, scheme.code, dry, z, wet)
        assert not decoder.get(wet, 256).any()
        assert (decoder.call(HAS, scheme.code), decoder.call(ARENA, scheme.code)) == (0, 0)
    with open_board(ENV, generated, tmp_path / "build") as device:
        with pytest.raises(LinkError, match="has no decoder; upload a smaller model"):
            device.require_model("int8", model_id(with_flat_card(graphs[0])))
        assert FAULTS[device.request("READ_STATUS", "STATUS_IS")["status"]["fault"]] == "no decoder"
    elf_path, artefact = tmp_path / "build" / ENV / "firmware.elf", released_artefacts(["int8"])[0]
    with pytest.raises(UserError, match="has no int8 decoder; give it a smaller one"):
        measure_tflm(artefact, elf_path)


@needs_library
def test_the_bench_counts_all_that_runs():
    artefact = released_artefacts(["int16x8"])[0]
    row, arena_bytes = measure_tflm(artefact, build_firmware(ENV))
    assert row.instructions_per_sample > 2 * artefact.graph.macs_per_sample  # CMSIS-NN reaches no more on a Cortex-M7
    assert arena_bytes + 10_000 < row.ram_bytes < 96 << 10  # which a Daisy Seed has beside its stack
    assert row.flash_bytes > len(artefact.content) + 20_000
    assert row.stack_bytes < 2_048


@needs_library
@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_lite_decoder_fits_the_time(monkeypatch, scheme):
    """8,000 of the 10,000 cycles there are, and an arena that a Seed has twice."""
    monkeypatch.setenv("GRITSPACE_MODELS", str(LITE))
    artefact = released_artefacts([scheme], LITE)[0]
    row, arena_bytes = measure_tflm(artefact, build_firmware(ENV))
    assert row.model_cycles_per_sample is None or row.model_cycles_per_sample <= 8_000
    assert row.instructions_per_sample <= 9_500
    assert arena_bytes < 24 << 10


@needs_library
def test_the_image_has_no_heap():
    command = ["arm-none-eabi-nm", "--demangle", "--format=just-symbols", str(build_firmware(ENV))]
    symbols = set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines())
    assert any(symbol.startswith("tflite::MicroInterpreter::") for symbol in symbols)
    heap = re.compile(r"_?(m|c|re)alloc(_r)?|_?free(_r)?|_sbrk(_r)?|operator (new|delete).*")
    assert [symbol for symbol in symbols if heap.fullmatch(symbol)] == []
