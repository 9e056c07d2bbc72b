# SPDX-License-Identifier: MIT
"""The images of a Daisy Seed and a Patch SM, as far as they run without one: start-up fills the fast memories from the
flash, and the decoder that then lies there is golden. Needs libDaisy at LIBDAISY_DIR, for one image TFLite Micro at
TFLM_DIR.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile
from test_tflm_engine import write_models

from host_tools.artefacts import released_artefacts
from host_tools.cortex_m7 import CortexM7, symbols_of
from host_tools.firmware import SOURCES, build_firmware
from host_tools.flash import FLASH_BYTES, image_bytes
from host_tools.stimuli import random_stimulus
from quantize.golden import GoldenDecoder
from quantize.graph import SCHEMES, Graph
from quantize.synthetic import synthetic_graph

FILL = "_ZN9gritspace12_GLOBAL__N_116FillFastMemoriesEv"
RESET = "_ZN9gritspace7decoder5ResetENS_6SchemeE"
GET_PIN = "_ZN5daisy8patch_sm12DaisyPatchSM6GetPinENS1_7PinBankEi"
PROCESS = "_ZN9gritspace7decoder7ProcessENS_6SchemeEPKsS3_Ps"
ITCM, DTCM = range(0, 64 << 10), range(0x2000_0000, 0x2002_0000)
BLOCKS = {"daisy_seed": 500, "patch_init": 500, "daisy_seed_tflm": 100}
# What runs for every sample and what it keeps, by the names it has in both images or in one.
HOT_CODE = re.compile(
    r"_ZN9gritspace(11LayerKernel|7NetworkI|9Processor|13LoudnessMatch6Listen|7decoder7Process|6copies11Concatenate).*"
    r"|arm_(nn_mat_mult_kernel|convolve|elementwise_(add|mul))_s16|_ZN6tflite16MicroInterpreter6InvokeEv"
)
HOT_STATE = re.compile(r"_ZN9gritspace7decoder12_GLOBAL__N_1.*network_int16x8E|_ZN12_GLOBAL__N_14liveE")

pytestmark = pytest.mark.skipif("LIBDAISY_DIR" not in os.environ, reason="needs libDaisy at LIBDAISY_DIR")


class Stm32h750(CortexM7):
    """Its internal flash besides, and segments where a programmer writes them."""

    regions = (*CortexM7.regions, (0x0800_0000, FLASH_BYTES), (0x2400_0000, 512 << 10))
    loads_at = "p_paddr"


@pytest.fixture(scope="module", params=BLOCKS)
def image(request, tmp_path_factory) -> tuple[str, Path, Graph]:
    """A board's name, its image, and the decoder in there; with tflm one that a Seed has the time to play."""
    if not request.param.endswith("tflm"):
        (artefact,) = released_artefacts(("int16x8",))
        return request.param, build_firmware(request.param), artefact.graph
    if "TFLM_DIR" not in os.environ:
        pytest.skip("needs TFLite Micro's sources at TFLM_DIR")
    graphs = [
        synthetic_graph(
            scheme, channels=6, dilations=(1, 8, 64), gated=True, condition_channels=4, hidden_channels=8, silent=True
        )
        for scheme in SCHEMES
    ]
    folder = tmp_path_factory.mktemp("daisy_seed_tflm")
    generated, models = write_models(folder, graphs)
    (models / "int8" / "decoder.tflite").unlink()  # the image is int16x8 alone
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRITSPACE_MODELS", str(models))
        elf_path = build_firmware(request.param, generated, folder / "build")
    return request.param, elf_path, next(graph for graph in graphs if graph.scheme.name == "int16x8")


def test_from_reset_the_decoder_lies_in_the_fast_memories_and_is_golden(image):
    board, elf_path, graph = image
    machine = Stm32h750(elf_path)
    with open(elf_path, "rb") as file:
        code = ELFFile(file).get_section_by_name(".hot_code")
        assert code is not None
        address, content = code["sh_addr"], code.data()
    assert address + len(content) <= ITCM.stop
    assert not machine.get(address, len(content), np.uint8).any()
    machine.call(FILL)
    assert bytes(machine.get(address, len(content), np.uint8)) == content

    machine.start()  # the interpreter sets itself up before main
    blocks = BLOCKS[board]
    stimulus, golden = random_stimulus(graph, blocks * graph.block_size), GoldenDecoder(graph)
    machine.call(RESET, graph.scheme.code)
    for dry, z in zip(stimulus.dry.reshape(blocks, -1), stimulus.z, strict=True):
        arguments = [machine.put(values.astype(np.int16)) for values in (dry, z, dry)]
        machine.call(PROCESS, graph.scheme.code, *arguments)
        assert np.array_equal(machine.get(arguments[2], len(dry)), golden.process(dry, z))
        machine.forget()


def test_what_runs_for_every_sample_is_in_the_fast_memories(image):
    with open(image[1], "rb") as file:
        places = {symbol.name: symbol["st_value"] for symbol in symbols_of(ELFFile(file))}
    for names, memory in ((HOT_CODE, ITCM), (HOT_STATE, DTCM)):
        found = [name for name in places if names.fullmatch(name)]
        assert len(found) >= 2
        assert {name for name in found if places[name] not in memory} == set()


def test_the_image_fits_the_flash_and_begins_with_its_vectors(image):
    assert 90_000 < len(image_bytes(image[1])) <= FLASH_BYTES


def test_what_nobody_calls_stays_in_its_archive(image):
    """Not by name: nothing of a serial port, of SPI, of a USB host or of formatted output is in the image."""
    with open(image[1], "rb") as file:
        names = {symbol.name for symbol in symbols_of(ELFFile(file))}
    assert "HAL_PCD_IRQHandler" in names
    unused = re.compile(r"(HAL_|MX_)?(UART|SPI|HCD|USBH)_.*|_?v?f?printf(_r)?|__sf?vwrite.*")
    allowed = {"HAL_HCD_IRQHandler", "printf"}  # the stand-ins of unused.cpp
    assert {name for name in names if unused.fullmatch(name)} - allowed == set()


def settings_of_sai(text: str, variable: str) -> dict[str, str]:
    """What the source assigns to fields of this variable, without namespaces."""
    found = re.findall(rf"\b{variable}\.([\w.]+)\s*=\s*([^;]+);", text)
    return {field: re.sub(r"\b(daisy|SaiHandle)::", "", value) for field, value in found}


def test_the_patch_sms_sai_is_set_up_as_its_own_init_does() -> None:
    """Which it must repeat, for libDaisy keeps the handle."""
    theirs = (Path(os.environ["LIBDAISY_DIR"]) / "src" / "daisy_patch_sm.cpp").read_text()
    ours = (SOURCES / "boards" / "daisy_seed" / "patch_sm.h").read_text()
    expected = settings_of_sai(theirs, "sai_config")
    assert len(expected) == 12 and settings_of_sai(ours, "config") == expected


def test_the_patch_sms_own_table_has_the_pins_of_the_panel() -> None:
    """Asked of libDaisy in the image: its stand-in has a table of ours."""
    machine = Stm32h750(build_firmware("patch_init"))
    bank_b = 1
    for pin, port, place in ((7, "B", 8), (10, "G", 13)):
        found = machine.call(GET_PIN, 0, bank_b, pin)
        assert (found & 0xFF, found >> 8 & 0xFF) == (ord(port) - ord("A"), place)
