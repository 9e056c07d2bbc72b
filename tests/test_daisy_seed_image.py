# SPDX-License-Identifier: MIT
"""The Daisy Seed's own image, as far as it runs without a Seed: its start-up fills the fast memories from the flash,
and the decoder that then lies there is golden. Needs libDaisy at LIBDAISY_DIR.
"""

from __future__ import annotations

import os

import numpy as np
import pytest
from elftools.elf.elffile import ELFFile

from host_tools.artefacts import released_artefacts
from host_tools.cortex_m7 import CortexM7
from host_tools.firmware import build_firmware
from host_tools.flash import FLASH_BYTES, image_bytes
from host_tools.stimuli import random_stimulus
from quantize.golden import GoldenDecoder

FILL = "_ZN9gritspace12_GLOBAL__N_116FillFastMemoriesEv"
RESET = "_ZN9gritspace7decoder5ResetENS_6SchemeE"
PROCESS = "_ZN9gritspace7decoder7ProcessENS_6SchemeEPKsS3_Ps"
BLOCKS = 500

pytestmark = pytest.mark.skipif("LIBDAISY_DIR" not in os.environ, reason="needs libDaisy at LIBDAISY_DIR")


class Stm32h750(CortexM7):
    """Its internal flash besides, and segments where a programmer writes them."""

    regions = (*CortexM7.regions, (0x0800_0000, FLASH_BYTES), (0x2400_0000, 512 << 10))
    loads_at = "p_paddr"


@pytest.fixture(scope="module")
def elf_path():
    return build_firmware("daisy_seed")


def test_from_reset_the_decoder_lies_in_the_fast_memories_and_is_golden(elf_path):
    (artefact,) = released_artefacts(("int16x8",))
    graph, machine = artefact.graph, Stm32h750(elf_path)
    with open(elf_path, "rb") as file:
        code = ELFFile(file).get_section_by_name(".hot_code")
        assert code is not None
        address, content = code["sh_addr"], code.data()
    assert address + len(content) <= 64 << 10 and machine.address(PROCESS) < 64 << 10  # ITCM
    assert not machine.get(address, len(content), np.uint8).any()
    machine.call(FILL)
    assert bytes(machine.get(address, len(content), np.uint8)) == content

    stimulus, golden = random_stimulus(graph, BLOCKS * graph.block_size), GoldenDecoder(graph)
    machine.call(RESET, graph.scheme.code)
    for dry, z in zip(stimulus.dry.reshape(BLOCKS, -1), stimulus.z, strict=True):
        arguments = [machine.put(values.astype(np.int16)) for values in (dry, z, dry)]
        machine.call(PROCESS, graph.scheme.code, *arguments)
        assert np.array_equal(machine.get(arguments[2], len(dry)), golden.process(dry, z))
        machine.forget()


def test_the_image_fits_the_flash_and_begins_with_its_vectors(elf_path):
    assert 100_000 < len(image_bytes(elf_path)) <= FLASH_BYTES
