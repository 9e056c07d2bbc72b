# SPDX-License-Identifier: MIT
"""The decoder rebuilt from Brevitas layers: fake quantisation for gradients, and a forward pass that is the chip's.

Depends on torch, Brevitas, `model` and golden's arithmetic. In exact mode every layer computes TFLite Micro's
integers with golden's own functions and passes them on; gradients are those of Brevitas' straight-through
estimators. All activation scales are constants from `model.config`: powers of two whose integer range is the
network's clamp. Only weight scales are learned.
"""

from __future__ import annotations

from dataclasses import dataclass

import brevitas.nn as qnn
import numpy as np
import torch
from brevitas.inject.enum import ScalingImplType
from brevitas.quant.scaled_int import (
    Int8ActPerTensorFloat,
    Int8WeightPerChannelFloat,
    Int32Bias,
    Uint8ActPerTensorFloat,
)
from torch import nn
from torch.nn import functional

from model.config import Config
from model.vae import Decoder
from quantize.golden import Requantizer, multiply
from quantize.graph import SCHEMES, Convolution, Quantization, Scheme


class SignedConstant(Int8ActPerTensorFloat):
    """Signed activations at a constant scale; `bit_width` and `scaling_init` are given by the layer."""

    scaling_impl_type = ScalingImplType.CONST


class UnsignedConstant(Uint8ActPerTensorFloat):
    """Unsigned 8-bit activations at a constant scale: int8 with zero point -128."""

    scaling_impl_type = ScalingImplType.CONST


class WeightPerChannel(Int8WeightPerChannelFloat):
    """int8 in [-127, 127], one scale an output channel; the floor keeps a dead channel's bias within its type and its
    requantisation on the engine's short way.
    """

    scaling_min_val = 2e-3


@dataclass
class Signal:
    """An activation: its real value with gradient (B, C, T), and in exact mode its integers less the zero point
    (float64).
    """

    value: torch.Tensor
    quantization: Quantization
    integers: torch.Tensor | None = None


class Activation(nn.Module):
    """Quantises onto [-limit, limit), or onto [0, limit) where `positive`; the clamp is the integer range."""

    def __init__(self, scheme: Scheme, limit: float, positive: bool = False) -> None:
        super().__init__()
        self.scheme, self.positive = scheme, positive
        steps = 1 << (scheme.activation_bits - 1)
        bits = {"bit_width": scheme.activation_bits, "return_quant_tensor": False}
        if not positive:
            self.quantization = Quantization(limit / steps)
            self.quantizer = qnn.QuantIdentity(act_quant=SignedConstant, scaling_init=limit, **bits)
        elif scheme.activation_bits == 8:  # 256 codes; Brevitas divides an unsigned limit by 255
            self.quantization = Quantization(limit / (2 * steps), -steps)
            self.quantizer = qnn.QuantReLU(act_quant=UnsignedConstant, scaling_init=limit * 255 / 256, **bits)
        else:  # TFLite's int16 has no zero point
            self.quantization = Quantization(limit / steps)
            self.quantizer = qnn.QuantReLU(act_quant=SignedConstant, scaling_init=limit, **bits)

    def forward(self, value: torch.Tensor, integers: torch.Tensor | None) -> Signal:
        """Value before quantisation, and the exact result's integers, which take the place of Brevitas' own."""
        fake = self.quantizer(value)
        if integers is None:
            return Signal(fake, self.quantization)
        exact = (integers * self.quantization.scale).to(fake.dtype)
        return Signal(fake + (exact - fake).detach(), self.quantization, integers)

    def first(self, value: torch.Tensor, exact: bool) -> Signal:
        """Quantises a real signal from outside."""
        integers = None
        if exact:
            codes = self.quantization.quantize(value.detach().numpy().astype(np.float64), self.scheme)
            integers = torch.from_numpy(codes.astype(np.float64) - self.quantization.zero_point)
        return self(value, integers)


class QuantizedConvolution(nn.Module):
    """A Brevitas convolution with int8 weights per channel, bias at the accumulator's scale, and its output's
    activation.
    """

    def __init__(
        self,
        scheme: Scheme,
        name: str,
        shape: tuple[int, int, int],
        dilation: int,
        output: Activation,
        condition: int = 0,
        silent: bool = False,
    ):
        """`silent`: zeros give zeros, so there is no bias, and no condition that could be one."""
        super().__init__()
        out_channels, kernel_size, in_channels = shape
        self.scheme, self.name, self.output, self.dilation = scheme, name, output, dilation
        self.conv = qnn.QuantConv1d(
            in_channels,
            out_channels,
            kernel_size,
            dilation=dilation,
            weight_quant=WeightPerChannel,
            bias_quant=Int32Bias,
        )
        mask = torch.ones(1, in_channels, kernel_size)
        if condition:
            mask[:, in_channels - condition :, : None if silent else -1] = 0  # the condition enters on the newest tap
        self.register_buffer("mask", mask, persistent=False)
        if silent:
            with torch.no_grad():
                self.conv.weight.mul_(mask)
                self.conv.bias.zero_()
            self.conv.bias.requires_grad_(False)

    def integers(self, source: Quantization) -> Convolution:
        """The layer as the artefacts hold it."""
        with torch.no_grad():
            quantized = self.conv.quant_weight()
            scales = quantized.scale.reshape(-1).expand(self.conv.out_channels)
            weights = quantized.int().permute(0, 2, 1).contiguous()
            bias = torch.round(self.conv.bias / (scales * source.scale))
        positive = self.output.positive
        return Convolution(
            name=self.name,
            weights=weights.numpy().astype(np.int8),
            weight_scales=scales.numpy().astype(np.float32),
            bias=bias.numpy().astype(np.int64),
            input=source,
            output=self.output.quantization,
            dilation=self.dilation,
            activation="relu" if positive else "none",
        )

    def forward(self, x: Signal) -> Signal:
        """(B, in, history + T) → (B, out, T)."""
        weights = self.conv.quant_weight()
        bias_scale = (weights.scale.reshape(-1) * x.quantization.scale).detach()
        scaled = self.conv.bias / bias_scale
        bias = (scaled + (torch.round(scaled) - scaled).detach()) * bias_scale
        value = functional.conv1d(x.value, weights.value * self.mask, bias, dilation=self.dilation)
        return self.output(value, None if x.integers is None else self._exact(x.integers, x.quantization))

    @torch.no_grad()
    def _exact(self, x: torch.Tensor, source: Quantization) -> torch.Tensor:
        conv = self.integers(source)
        weights = torch.from_numpy(conv.weights.astype(np.float64)).permute(0, 2, 1)
        # |accumulator| < 2^53, so float64 sums are exact in any order.
        accumulators = functional.conv1d(
            x, weights, torch.from_numpy(conv.bias.astype(np.float64)), dilation=self.dilation
        )
        result = Requantizer(conv, self.scheme, "double")(accumulators.permute(0, 2, 1).numpy().astype(np.int64))
        return torch.from_numpy((result - conv.output.zero_point).astype(np.float64)).permute(0, 2, 1)


class QuantizedLayer(nn.Module):
    """The quantised twin of `model.vae.GatedLayer`."""

    def __init__(self, scheme: Scheme, config: Config, index: int, residual: Activation) -> None:
        super().__init__()
        model, dilation = config.model, config.model.dilations[index]
        shape = (model.channels, model.kernel_size, model.channels + model.condition_channels)
        self.scheme, self.residual, self.history = scheme, residual, (model.kernel_size - 1) * dilation
        conditions = model.condition_channels
        self.filter = QuantizedConvolution(
            scheme, f"filter{index}", shape, dilation, Activation(scheme, 1.0), conditions, silent=True
        )
        gate = Activation(scheme, 1.0, positive=True)
        self.gate = QuantizedConvolution(scheme, f"gate{index}", shape, dilation, gate, conditions)

    def forward(self, h: Signal, c: Signal) -> Signal:
        x = _with_condition(h, c, self.history)  # (B, C + condition, history + T)
        filtered, gate = self.filter(x), self.gate(x)
        product = _product(filtered, gate, self.residual)
        low, high = self.scheme.integer_min, self.scheme.integer_max
        total = None if h.integers is None else (h.integers + product.integers).clamp(low, high)
        return self.residual(h.value + product.value, total)


def _product(a: Signal, b: Signal, onto: Activation) -> Signal:
    """TFLite's MUL; shapes broadcast."""
    integers = None
    if a.integers is not None and b.integers is not None:
        x, y = a.integers.numpy().astype(np.int64), b.integers.numpy().astype(np.int64)
        result = multiply(x, y, a.quantization, b.quantization, onto.quantization, onto.scheme, "double")
        integers = torch.from_numpy(result.astype(np.float64))
    return onto(a.value * b.value, integers)


def _with_condition(h: Signal, c: Signal, history: int) -> Signal:
    """Zeros before the stream's start, the condition as further channels at every time."""

    def join(stream: torch.Tensor, condition: torch.Tensor) -> torch.Tensor:
        padded = functional.pad(stream, (history, 0))
        return torch.cat([padded, condition.expand(-1, -1, padded.shape[2])], dim=1)

    integers = None if h.integers is None else join(h.integers, c.integers)
    return Signal(join(h.value, c.value), h.quantization, integers)


class QuantizedDecoder(nn.Module):
    """The quantised twin of `model.vae.Decoder`; the latent is constant over a clip."""

    def __init__(self, config: Config, scheme_name: str) -> None:
        super().__init__()
        self.config, self.scheme = config, SCHEMES[scheme_name]
        self.exact = False
        model, scheme = config.model, self.scheme
        self.audio, self.latent = Activation(scheme, 1.0), Activation(scheme, model.latent_limit)
        self.residual = Activation(scheme, model.residual_limit)
        hidden = Activation(scheme, model.hidden_limit, positive=True)
        axes = len(model.latent_names)
        self.condition0 = QuantizedConvolution(scheme, "condition0", (model.condition_hidden, 1, axes), 1, hidden)
        shape = (model.condition_channels, 1, model.condition_hidden)
        self.condition1 = QuantizedConvolution(scheme, "condition1", shape, 1, self.residual)
        gain, shape = Activation(scheme, model.gain_limit), (model.channels, 1, model.condition_channels)
        self.gain = QuantizedConvolution(scheme, "gain", shape, 1, gain)
        self.layers = nn.ModuleList(
            QuantizedLayer(scheme, config, index, self.residual) for index in range(len(model.dilations))
        )
        wet = Activation(scheme, 1.0)
        self.output = QuantizedConvolution(scheme, "output", (1, 1, model.channels), 1, wet, silent=True)

    def forward(self, dry: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """dry (B, 1, T), z (B, 2, 1) → wet (B, 1, T); in exact mode the output is a multiple of the output scale."""
        c = self.condition1(self.condition0(self.latent.first(z, self.exact)))
        h = _product(self.audio.first(dry, self.exact), self.gain(c), self.residual)
        for layer in self.layers:
            h = layer(h, c)
        return self.output(h).value

    @torch.no_grad()
    def load_float(self, decoder: Decoder) -> None:
        """Takes the weights of the float decoder as the starting point."""

        def copy(target: QuantizedConvolution, weight: torch.Tensor, bias: torch.Tensor | None = None) -> None:
            target.conv.weight.copy_(weight)
            if bias is not None:
                target.conv.bias.copy_(bias)

        copy(self.condition0, decoder.condition.hidden.weight, decoder.condition.hidden.bias)
        copy(self.condition1, decoder.condition.output.weight, decoder.condition.output.bias)
        gain, factors = decoder.gain.mix, decoder.gain.factors
        copy(self.gain, factors[:, :, None] * gain.weight, factors[:, 0] * gain.bias)
        copy(self.output, decoder.output.weight)
        for target, layer in zip(self.layers, decoder.layers, strict=True):
            filters, gates = layer.stream.weight.chunk(2)  # (C, C, K) each
            condition = functional.pad(layer.latent.weight, (self.config.model.kernel_size - 1, 0))
            copy(target.filter, torch.cat([filters, torch.zeros_like(condition)], dim=1))
            copy(target.gate, torch.cat([gates, condition], dim=1), layer.latent.bias)
