# SPDX-License-Identifier: MIT
"""The boards without hardware, host and QEMU's Cortex-M7, with the released models: link, bulk, builds."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from host_tools import boards, firmware, protocol, qemu
from host_tools.boards import open_board, run_bulk
from host_tools.errors import LinkError, UserError
from quantize.graph import SCHEMES

BLOCKS = 40


def stimulus(scheme: str, block_size: int, blocks: int = BLOCKS) -> tuple[np.ndarray, np.ndarray]:
    """Random blocks of the whole integer range, and z for each."""
    rng = np.random.default_rng(blocks)
    low, high = SCHEMES[scheme].integer_min, SCHEMES[scheme].integer_max
    return rng.integers(low, high + 1, (blocks, block_size)), rng.integers(low, high + 1, (blocks, 2))


@pytest.mark.parametrize("board", ["host", "qemu_m7"])
def test_board_says_who_it_is(board: str) -> None:
    with open_board(board) as device:
        greeting = device.hello()
    assert (greeting.board, greeting.protocol_version) == (board, protocol.VERSION)
    assert set(greeting.schemes) == set(SCHEMES)
    assert all(info.sample_rate == 48_000 for info in greeting.schemes.values())


@pytest.mark.parametrize("scheme", list(SCHEMES))
def test_link_and_bulk_agree_on_both_boards(scheme: str) -> None:
    results = []
    for board in ("host", "qemu_m7"):
        with open_board(board) as device:
            info = device.reset(scheme)
            dry, z = stimulus(scheme, info.block_size)
            results.append(device.process(dry.reshape(-1), z).reshape(dry.shape))
        results.append(run_bulk(board, scheme, dry, z))
    assert all(result.dtype == SCHEMES[scheme].dtype for result in results)
    assert np.unique(results[0]).size > 10  # it plays
    for other in results[1:]:
        assert np.array_equal(results[0], other)


@pytest.mark.parametrize("board", ["host", "qemu_m7"])
def test_bulk_refuses_what_the_decoder_cannot_take(board: str) -> None:
    with open_board("host") as device:
        size = device.hello().schemes["int8"].block_size
    dry, z = stimulus("int8", size, blocks=3)
    dry[2, 5] = 128
    with pytest.raises(LinkError, match="outside the range of int8"):
        run_bulk(board, "int8", dry, z)
    with pytest.raises(LinkError, match=f"blocks of {size + 1} samples"):
        run_bulk(board, "int8", np.zeros((1, size + 1), int), z[:1])


def test_a_port_has_no_bulk_mode() -> None:
    with pytest.raises(UserError, match="no bulk mode"):
        run_bulk("/dev/ttyACM0", "int8", np.zeros((1, 48), int), np.zeros((1, 2), int))


def test_two_host_devices_do_not_share_their_state() -> None:
    with open_board("host") as one, open_board("host") as other:
        info = one.reset("int16x8")
        other.reset("int16x8")
        dry, z = (array.reshape(-1, array.shape[-1]) for array in stimulus("int16x8", info.block_size, blocks=4))
        first = one.process(dry.reshape(-1), z)
        assert np.array_equal(other.process(dry.reshape(-1), z), first)


def test_qemu_ends_with_its_device() -> None:
    with open_board("qemu_m7") as device:
        transport = device._transport
        assert isinstance(transport, boards.QemuTransport)
        process = transport._qemu._process
        assert process.poll() is None
    assert process.poll() is not None


def test_missing_qemu_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    elf = firmware.build_firmware("qemu_m7")
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(UserError, match="qemu-system-arm is not installed; run make setup"):
        qemu.Qemu(elf)


def test_served_image_answers_at_its_port() -> None:
    """What `pio run -e qemu_m7 -t upload` starts."""
    elf = firmware.build_firmware("qemu_m7")
    command = [sys.executable, "-m", "host_tools.qemu", str(elf), "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout
        words = server.stdout.readline().split()
        try:
            with open_board(next(word for word in words if word.startswith("socket://"))) as device:
                assert device.hello().board == "qemu_m7"
        finally:
            server.terminate()


def test_a_port_in_use_is_one_sentence() -> None:
    elf = firmware.build_firmware("qemu_m7")
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(UserError, match="Address already in use"):
        qemu.Qemu(elf, taken.getsockname()[1])


def test_an_up_to_date_build_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    built = firmware.build_firmware("host")
    monkeypatch.setattr(firmware, "_build", lambda *args: pytest.fail("built again"))
    assert firmware.build_firmware("host") == built
    newest = firmware._newest_source(firmware.GENERATED)
    assert os.stat(built).st_mtime >= newest


def test_a_model_elsewhere_needs_its_own_build_folder(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="build folder of its own"):
        firmware.build_firmware("host", generated_dir=tmp_path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("#error this model is broken\n", "this model is broken"),
        ("void Use(char*);\nvoid Hog() {\n  char large[4096];\n  Use(large);\n}\n", "stack usage is 4"),
    ],
)
def test_sources_that_do_not_build_are_one_sentence(text: str, complaint: str, tmp_path: Path) -> None:
    """They come from the folder that was named, for firmware/generated would build; and warnings are errors."""
    generated = tmp_path / "another model"
    generated.mkdir()
    (generated / "model_broken.cpp").write_text(text)
    with pytest.raises(UserError, match=rf"{complaint}.*run pio run -e host") as caught:
        firmware.build_firmware("host", generated, tmp_path / "build")
    assert "\n" not in str(caught.value)
