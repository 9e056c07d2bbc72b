# SPDX-License-Identifier: MIT
"""`gritspace upload` into the emulated module with TFLite Micro (at TFLM_DIR): golden's integers by the new model, live
and after power-up, and what does not fit there."""

from __future__ import annotations

import io
import os
import zlib
from pathlib import Path

import flatbuffers
import pytest
from ai_edge_litert import schema_py_generated as schema
from rich.console import Console
from stand_ins import with_flat_card
from test_tflm_engine import ENV, build_models

from host_tools.boards import open_board
from host_tools.device import Device
from host_tools.errors import LinkError
from host_tools.stimuli import random_stimulus
from host_tools.upload import upload
from quantize.golden import GoldenDecoder
from quantize.graph import SCHEMES, Graph
from quantize.synthetic import synthetic_graph
from quantize.tflite import model_id

pytestmark = pytest.mark.skipif("TFLM_DIR" not in os.environ, reason="needs TFLite Micro's sources at TFLM_DIR")
TOO_LARGE = {"channels": 24, "dilations": (1, 54, 162)}
TOO_SLOW = {"channels": 16, "dilations": (1, 2, 4, 8, 16, 32)}


def decoder(scheme: str, **shape: object) -> Graph:
    small = {"channels": 6, "dilations": (1, 3, 9), "condition_channels": 4, "silent": True}
    return synthetic_graph(scheme, **{**small, **shape})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def build(tmp_path_factory) -> tuple[Path, Path]:
    """An image with small models of its own."""
    folder = tmp_path_factory.mktemp("upload")
    with pytest.MonkeyPatch.context() as patch:
        generated = build_models([decoder(scheme, seed=1) for scheme in SCHEMES], folder, patch)
    return generated, folder / "build"


def send(graph: Graph, device: Device, folder: Path) -> str:
    path = folder / "model.tflite"
    path.write_bytes(with_flat_card(graph))
    printed = io.StringIO()
    upload(path, device, Console(file=printed, width=400))
    return printed.getvalue()


def with_operator(content: bytes, known: str, other: str) -> bytes:
    """The file with another operator in the place of a known one."""
    model = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    for code in model.operatorCodes:
        if code.builtinCode == getattr(schema.BuiltinOperator, known):
            code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, other)
    builder = flatbuffers.Builder(1 << 16)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def send_unchecked(content: bytes, scheme: int, device: Device) -> None:
    sizes = {"size": len(content), "crc": zlib.crc32(content)}
    device.request("BEGIN_MODEL", "MODEL_IS", scheme=scheme, model_id=1, **sizes)
    for offset in range(0, len(content), 512):
        device.request("MODEL_BYTES", "MODEL_IS", offset=offset, bytes=list(content[offset : offset + 512]))
    device.request("TRY_MODEL", "MODEL_IS")


def trouble(device: Device) -> tuple[int, ...]:
    """What the codec missed while the link had other things to do."""
    status = device.request("READ_STATUS", "STATUS_IS")["status"]
    return tuple(status[name] for name in ("lost_blocks", "overloads", "fault"))


def require_golden(device: Device, graph: Graph) -> None:
    """The device plays this graph, to the bit."""
    device.require_model(graph.scheme.name, model_id(with_flat_card(graph)))
    device.reset(graph.scheme.name)
    stimulus = random_stimulus(graph, 20 * graph.block_size)
    wet = device.process(stimulus.dry, stimulus.z)
    assert (wet == GoldenDecoder(graph).process(stimulus.dry, stimulus.z)).all()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_an_uploaded_model_gives_goldens_integers_at_once_and_after_power_up(build, tmp_path, monkeypatch, scheme):
    monkeypatch.setenv("GRITSPACE_MODELS", str(build[0].parent / "models"))
    storage, other = tmp_path / "flash", next(name for name in SCHEMES if name != scheme)
    shapes = ({"seed": 2}, {"seed": 3, "channels": 4, "dilations": (1, 5), "gated": False})
    for shape in shapes:
        graph = decoder(scheme, **shape)
        with open_board(ENV, *build, storage=storage) as device:
            before = trouble(device)
            assert "there it gives golden's integers; a block takes" in send(graph, device, tmp_path)
            assert trouble(device) == before
        with open_board(ENV, *build, storage=storage) as device:
            require_golden(device, graph)
            require_golden(device, decoder(other, seed=1))


def test_the_session_after_an_upload_plays_the_new_model(build, tmp_path, monkeypatch):
    monkeypatch.setenv("GRITSPACE_MODELS", str(build[0].parent / "models"))
    graph = decoder("int16x8", seed=4)
    with open_board(ENV, *build) as device:
        send(graph, device, tmp_path)
        device.reset("int16x8")
        stimulus = random_stimulus(graph, 20 * graph.block_size)
        wet = device.process(stimulus.dry, stimulus.z)
        assert (wet == GoldenDecoder(graph).process(stimulus.dry, stimulus.z)).all()


def test_what_the_chip_cannot_play_in_time_is_refused_and_nothing_changes(build, tmp_path, monkeypatch):
    monkeypatch.setenv("GRITSPACE_MODELS", str(build[0].parent / "models"))
    storage = tmp_path / "flash"
    with open_board(ENV, *build, storage=storage) as device:
        with pytest.raises(LinkError, match=r"needs .* cycles for a block .* and has .*; train a smaller one"):
            send(decoder("int16x8", **TOO_SLOW), device, tmp_path)
        require_golden(device, decoder("int16x8", seed=1))
    with open_board(ENV, *build, storage=storage) as device:
        require_golden(device, decoder("int16x8", seed=1))


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("arena", "this is no decoder that it can run"),
        ("scheme", "this is no decoder that it can run"),
        ("operators", "this is no decoder that it can run"),
        ("weights", "other integers than its test vectors"),
    ],
)
def test_what_only_the_chip_can_find_out_is_refused(build, tmp_path, monkeypatch, change, complaint):
    """As it comes from tools that check nothing themselves."""
    monkeypatch.setenv("GRITSPACE_MODELS", str(build[0].parent / "models"))
    graph = decoder("int16x8", **(TOO_LARGE if change == "arena" else {"seed": 2}))
    content, code = with_flat_card(graph), SCHEMES["int8" if change == "scheme" else "int16x8"].code
    if change == "weights":
        weights = graph.layers[0].filter.weights.tobytes()
        content = content.replace(weights, bytes(weights[1:]) + weights[:1])
    elif change == "operators":
        content = with_operator(content, "MUL", "SUB")
    with open_board(ENV, *build) as device:
        with pytest.raises(LinkError, match=complaint):
            send_unchecked(content, code, device)
        require_golden(device, decoder("int16x8", seed=1))
