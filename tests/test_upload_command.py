# SPDX-License-Identifier: MIT
"""`gritspace upload`: through the link into an engine of tests, and one sentence for each refusal. The module always
plays what it played. With real TFLite Micro: test_tflm_upload.py."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from compiled import compile_loading_device, compile_stub_device
from echo_models import echo_card, echo_file, echo_graph
from rich.console import Console

from host_tools import protocol
from host_tools.device import Device
from host_tools.errors import LinkError, UserError
from host_tools.framing import DELIMITER, PacketReader, frame
from host_tools.host_library import HostLibrary, HostTransport
from host_tools.upload import upload
from quantize.loudness_table import flat_table
from quantize.model_card import make_card
from quantize.synthetic import synthetic_graph
from quantize.tflite import model_id, write_tflite

SECTORS_OF_A_CARD = 2


@pytest.fixture(scope="module")
def loading(tmp_path_factory) -> Path:
    return compile_loading_device(tmp_path_factory.mktemp("loading"))


@pytest.fixture
def echoes(monkeypatch) -> None:
    """Golden has nothing to say about echoes."""
    monkeypatch.setattr("quantize.tflite.replay", lambda card, graph: None)


def write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def send(path: Path, device: Device) -> str:
    """What the command printed, on one line."""
    printed = io.StringIO()
    upload(path, device, Console(file=printed, width=400))
    return " ".join(printed.getvalue().split())


def genuine(**shape: Any) -> bytes:
    graph = synthetic_graph("int16x8", condition_channels=1, silent=True, **{"channels": 2, "dilations": (1,), **shape})
    return write_tflite(graph, make_card(graph, flat_table()))


@pytest.mark.parametrize("scheme", ["int8", "int16x8"])
def test_a_model_is_sent_and_greets_from_then_on_and_after_power_up(loading, echoes, tmp_path, scheme):
    content = echo_file(echo_graph(scheme))
    path, storage = write(tmp_path / "model.tflite", content), tmp_path / "flash"
    with Device(HostTransport(loading, storage)) as device:
        before = device.hello().schemes[scheme].model_id
        told = send(path, device)
    assert f"{scheme} model {model_id(content)}, {len(content):,} bytes of 40,936" in told
    assert f"kept: host plays model {model_id(content)} for {scheme}" in told
    with Device(HostTransport(loading, storage)) as device:
        assert device.hello().schemes[scheme].model_id == model_id(content) != before
        device.require_model(scheme, model_id(content))


def test_a_session_of_the_bench_ends_when_a_model_comes(loading, echoes, tmp_path):
    path = write(tmp_path / "model.tflite", echo_file(echo_graph()))
    with Device(HostTransport(loading)) as device:
        device.reset("int16x8")
        send(path, device)
        with pytest.raises(LinkError, match="PROCESS came before RESET"):
            device.request("PROCESS", "WET", z=[0, 0], dry=[0] * 48)


def refusals() -> dict[str, tuple[bytes, str]]:
    echo = echo_graph()
    shapes = {"dilations": (1,) * 40, "channels": 24}
    card = echo_card(echo)
    return {
        "no file of ours": (b"RIFF", "not a TFLite file"),
        "cut": (genuine()[:-200], "truncated or damaged"),
        "without a card": (write_tflite(echo), "carries no model card; write it again with `gritspace quantize`"),
        "other vectors": (write_tflite(echo, card), "self-test vectors that golden does not give"),
        "too large": (genuine(**shapes), "bytes, a device has room for 40,936; train a smaller one"),
        "other blocks": (
            genuine(block_size=64),
            "is for 48,000 Hz, 64 samples a block.*host plays 48,000 Hz, 48 samples",
        ),
    }


@pytest.mark.parametrize("name", refusals())
def test_what_must_not_be_sent_is_refused_before_a_byte_is(loading, tmp_path, name):
    content, complaint = refusals()[name]
    with Device(HostTransport(loading)) as device:
        before = device.hello()
        path = write(tmp_path / "model.tflite", content)
        with pytest.raises(UserError, match=complaint):
            send(path, device)
    with Device(HostTransport(loading)) as device:
        assert device.hello() == before


def test_a_missing_file_is_one_sentence(loading, tmp_path):
    with Device(HostTransport(loading)) as device, pytest.raises(UserError, match="No such file"):
        send(tmp_path / "none.tflite", device)


def test_a_model_that_fails_its_test_there_is_refused(loading, tmp_path):
    """Golden's vectors are not an echo's."""
    path = write(tmp_path / "model.tflite", genuine())
    with Device(HostTransport(loading)) as device:
        with pytest.raises(LinkError, match="there the model gives other integers than its test vectors; flash"):
            send(path, device)
        assert device.process is not None
    with Device(HostTransport(loading)) as device:
        assert device.hello().schemes["int16x8"].model_id == "89abcdef"


def test_firmware_with_models_compiled_in_says_what_to_flash(tmp_path, echoes):
    graph = echo_graph()
    path = write(tmp_path / "model.tflite", echo_file(graph))
    with Device(HostTransport(compile_stub_device(tmp_path))) as device:
        greeting = device.hello().schemes["int16x8"]
        assert greeting.latency_samples != graph.latency_samples
        with pytest.raises(UserError, match="samples of latency"):
            send(path, device)
        with pytest.raises(LinkError, match="its models are compiled in; flash the board daisy_seed_tflm"):
            device.request("BEGIN_MODEL", "MODEL_IS", scheme=1, model_id=1, size=1, crc=1)
        for name, values in (
            ("MODEL_BYTES", {"offset": 0, "bytes": []}),
            ("TRY_MODEL", {}),
            ("KEEP_MODEL", {"sector": 0}),
        ):
            with pytest.raises(LinkError, match="its models are compiled in"):
                device.request(name, "MODEL_IS", **values)


class Scripted:
    """A device that answers as told, and writes down what it was asked."""

    name = "/dev/ttyACM0"

    def __init__(self, device: Device, answers: dict[str, Any]) -> None:
        self.hello = device.hello
        self.asked: list[str] = []
        self._device, self._answers = device, answers

    def request(self, name: str, answer: str, **values: Any) -> dict[str, Any]:
        self.asked.append(name)
        if isinstance(told := self._answers.get(name), Exception):
            raise told
        return told or {"received": 0, "block_cycles": 420_000, "limit_cycles": 430_000, "sectors_left": 2}


def test_a_model_that_is_too_slow_there_is_told_with_its_cycles(loading, echoes, tmp_path):
    path = write(tmp_path / "model.tflite", echo_file(echo_graph()))
    slow = {"received": 0, "block_cycles": 1_588_000, "limit_cycles": 430_000, "sectors_left": 0}
    with Device(HostTransport(loading)) as device:
        scripted = Scripted(device, {"TRY_MODEL": slow})
        with pytest.raises(LinkError, match=r"needs 1,588,000 cycles .* has 430,000; train a smaller .*still plays"):
            send(path, scripted)  # type: ignore[arg-type]
        assert "KEEP_MODEL" not in scripted.asked
        scripted = Scripted(device, {})
        assert "a block takes 420,000 of 430,000 cycles" in send(path, scripted)  # type: ignore[arg-type]
        assert scripted.asked[-3:] == ["TRY_MODEL", "KEEP_MODEL", "KEEP_MODEL"]


class Recorder(HostTransport):
    """Keeps what is sent."""

    line = b""

    def write(self, data: bytes) -> None:
        self.line += data
        super().write(data)


def models_there(module: HostLibrary) -> set[str]:
    """What a module greets with, after half a packet of somebody's."""
    reply = PacketReader().feed(module.receive(DELIMITER + frame(protocol.pack("HELLO", 1))))[-1]
    return {f"{scheme['model_id']:08x}" for scheme in protocol.unpack(reply).values["schemes"]}


def test_a_cable_cut_at_any_byte_leaves_the_old_model_and_the_next_upload_works(loading, echoes, tmp_path):
    first, second = (echo_file(echo_graph(channels=channels)) for channels in (2, 3))
    transport = Recorder(loading)
    with Device(transport) as device:
        transport.line = b""
        send(write(tmp_path / "model.tflite", second), device)
        line = transport.line
    assert len(line) > len(second)
    with_first = HostTransport(loading, tmp_path / "flash")
    with Device(with_first) as device:
        send(write(tmp_path / "first.tflite", first), device)
    module = HostLibrary(loading, (tmp_path / "flash").read_bytes())
    old = models_there(module)
    assert model_id(first) in old
    for cut in {*range(0, len(line) - 1, 211), *range(len(line) - 40, len(line) - 1)}:
        module.receive(line[:cut])
        assert models_there(module) == old
        module.run_codec(2)
    module.receive(line)
    assert model_id(second) in models_there(module)
    assert model_id(second) in models_there(HostLibrary(loading, module.read_storage()))


@pytest.mark.parametrize("request_name", ["BEGIN_MODEL", "MODEL_BYTES", "TRY_MODEL", "KEEP_MODEL"])
def test_a_line_that_breaks_is_one_sentence(loading, echoes, tmp_path, request_name):
    path = write(tmp_path / "model.tflite", echo_file(echo_graph()))
    broken = LinkError("/dev/ttyACM0 closed the connection; check cable and device, then try again")
    with Device(HostTransport(loading)) as device, pytest.raises(LinkError, match="check cable"):
        send(path, Scripted(device, {request_name: broken}))  # type: ignore[arg-type]
