# SPDX-License-Identifier: MIT
"""Other people's interpreters behind one streaming interface: TFLite Micro, and LiteRT with two sets of kernels.

Depends on tflite-micro and ai-edge-litert, imported when one is opened. State travels through the model's own state
tensors: inputs (audio, z, state...), outputs (wet, next state...).
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
from collections.abc import Iterator
from typing import Literal, Protocol

import numpy as np

from host_tools.errors import UserError
from quantize.fixed_point import Rounding
from quantize.golden import GoldenDecoder
from quantize.synthetic import synthetic_graph
from quantize.tflite import write_tflite

InterpreterKind = Literal["tflm", "litert_reference", "litert_default"]
INTERPRETERS: tuple[InterpreterKind, ...] = ("tflm", "litert_reference", "litert_default")


class _Engine(Protocol):
    """One invocation of a model: all inputs in, all outputs out. `inputs` holds a zero array per input tensor."""

    inputs: list[np.ndarray]

    def invoke(self, inputs: list[np.ndarray]) -> list[np.ndarray]: ...


class StreamingInterpreter:
    """A `.tflite` decoder run block by block; state is carried from call to call until `reset`."""

    def __init__(self, engine: _Engine) -> None:
        audio, z, *self._silence = engine.inputs
        self.block_size = audio.size
        self._engine = engine
        self._audio, self._z = audio, z
        self.reset()

    def reset(self) -> None:
        """Silence: every state at 0, which is the zero point of the residual stream."""
        self._states = self._silence

    def process(self, audio: np.ndarray, z: np.ndarray) -> np.ndarray:
        """audio (T,) in whole blocks, z (Z,) for all of it or (blocks, Z); gives wet (T,). Integers of the scheme."""
        blocks, rest = divmod(audio.size, self.block_size)
        if rest:
            raise ValueError(f"{audio.size} samples are not whole blocks of {self.block_size}")
        dry = np.ascontiguousarray(audio, self._audio.dtype).reshape(blocks, *self._audio.shape)
        places = np.ascontiguousarray(np.broadcast_to(z, (blocks, self._z.size)), self._z.dtype)
        wet = np.empty((blocks, self.block_size), self._audio.dtype)
        for index in range(blocks):
            inputs = [dry[index], places[index].reshape(self._z.shape), *self._states]
            output, *self._states = self._engine.invoke(inputs)
            wet[index] = output.reshape(-1)
        return wet.reshape(-1)


def open_interpreter(kind: InterpreterKind, tflite: bytes) -> StreamingInterpreter:
    """Opens a model that `read_tflite` has accepted: TFLite Micro's own parser trusts its input."""
    try:
        with _stderr_closed():
            engine = _TfliteMicro(tflite) if kind == "tflm" else _LiteRt(tflite, reference=kind == "litert_reference")
        return StreamingInterpreter(engine)
    except (RuntimeError, ValueError) as error:
        raise UserError(f"{kind} cannot open this model ({error}); make it again with: gritspace quantize") from error


@functools.cache
def detect_rounding() -> Rounding:
    """Which requantisation the installed TFLite Micro computes, measured on a small decoder where the two differ."""
    graph = synthetic_graph("int8", channels=4, dilations=(1, 2), condition_channels=2, hidden_channels=2, seed=5)
    rng = np.random.default_rng(0)
    audio = rng.integers(-128, 128, 40 * graph.block_size).astype(np.int8)
    z = rng.integers(-128, 128, (40, 2)).astype(np.int8)
    measured = open_interpreter("tflm", write_tflite(graph)).process(audio, z)
    both: tuple[Rounding, ...] = ("double", "single")
    computed = {rounding: GoldenDecoder(graph, rounding=rounding).process(audio, z) for rounding in both}
    if np.array_equal(computed["double"], computed["single"]):
        raise AssertionError("the probe cannot tell the rounding modes apart")
    for rounding in both:
        if np.array_equal(measured, computed[rounding]):
            return rounding
    raise UserError("the installed tflite-micro computes neither known rounding; install the pinned one: make setup")


class _TfliteMicro:
    def __init__(self, tflite: bytes) -> None:
        from tflite_micro.python.tflite_micro import runtime

        input_count, self._output_count = _tensor_counts(tflite)
        # Ten times the model is the wheel's own guess; short state tensors in wide blocks need more.
        self._interpreter = runtime.Interpreter.from_bytes(tflite, arena_size=10 * len(tflite) + (1 << 24))
        details = [self._interpreter.get_input_details(index) for index in range(input_count)]
        self.inputs = [np.zeros(detail["shape"], detail["dtype"]) for detail in details]

    def invoke(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        for index, value in enumerate(inputs):
            self._interpreter.set_input(value, index)
        self._interpreter.invoke()
        return [self._interpreter.get_output(index) for index in range(self._output_count)]


class _LiteRt:
    def __init__(self, tflite: bytes, *, reference: bool) -> None:
        from ai_edge_litert.interpreter import Interpreter, OpResolverType

        kernels = OpResolverType.BUILTIN_REF if reference else OpResolverType.AUTO
        self._interpreter = Interpreter(model_content=tflite, experimental_op_resolver_type=kernels, num_threads=1)
        self._interpreter.allocate_tensors()
        details = self._interpreter.get_input_details()
        self._input_indices = [detail["index"] for detail in details]
        self._output_indices = [detail["index"] for detail in self._interpreter.get_output_details()]
        self.inputs = [np.zeros(detail["shape"], detail["dtype"]) for detail in details]

    def invoke(self, inputs: list[np.ndarray]) -> list[np.ndarray]:
        for index, value in zip(self._input_indices, inputs, strict=True):
            self._interpreter.set_tensor(index, value)
        self._interpreter.invoke()
        return [self._interpreter.get_tensor(index) for index in self._output_indices]


def _tensor_counts(tflite: bytes) -> tuple[int, int]:
    """Inputs and outputs of the model; TFLite Micro's Python interface does not tell."""
    from ai_edge_litert import schema_py_generated as schema

    main = schema.Model.GetRootAsModel(tflite, 0).Subgraphs(0)
    return main.InputsLength(), main.OutputsLength()


@contextlib.contextmanager
def _stderr_closed() -> Iterator[None]:
    """Both libraries greet on the process's stderr when a model is opened, below Python's sys.stderr."""
    sys.stderr.flush()
    saved = os.dup(2)
    try:
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
