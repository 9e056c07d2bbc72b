# SPDX-License-Identifier: MIT
"""The VAE: the encoder of `encoders`, and the streaming decoder that the module plays.

Depends on torch, `config`, `encoders` and `gated_layer`; no training, no data. Notable about the decoder:
- every clamp is the range of an integer type after quantisation, so the quantised network clamps for free;
- one limit along the residual stream, so residual additions need no rescaling;
- the latent sets how loud each channel hears the sound, and enters each layer as a constant per block, which an engine
  folds into the gates' biases;
- silence stays silence by construction: only gains and gates have biases, and they multiply.
"""

from __future__ import annotations

import torch
from torch import nn

from model.config import Config
from model.encoders import Encoder
from model.gated_layer import gated_layer


class Mix(nn.Conv1d):
    """A convolution of one tap, as a product of matrices: for a dozen channels that is several times faster."""

    def __init__(self, inputs: int, outputs: int, bias: bool = True) -> None:
        super().__init__(inputs, outputs, 1, bias=bias)

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        if torch.jit.is_tracing():
            return super().forward(input)
        mixed = self.weight[:, :, 0] @ input
        return mixed if self.bias is None else mixed + self.bias[:, None]


class Condition(nn.Module):
    """Widens the latent: (B, Z, T) → (B, condition_channels, T); T is 1 for a latent that does not move."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.limits = (config.model.hidden_limit, config.model.residual_limit)
        self.hidden = Mix(len(config.model.latent_names), config.model.condition_hidden)
        self.output = Mix(config.model.condition_hidden, config.model.condition_channels)
        with torch.no_grad():  # kinks spread over the whole map, not around its centre
            self.hidden.weight *= 2
            self.hidden.bias.uniform_(-config.model.latent_limit, config.model.latent_limit)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        hidden = self.hidden(z).clamp(0, self.limits[0])  # (B, condition_hidden, T)
        return self.output(hidden).clamp(-self.limits[1], self.limits[1])


class Gain(nn.Module):
    """How loud each channel hears the sound: condition (B, condition_channels, T) → (B, channels, T).

    Before training, pairs of channels hear it at 0, 6, 12 and 18 dB, for a high-gain distortion needs some that clip
    early. Those factors stay, so that the latent moves a loud channel by as many decibels as a soft one.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        model = config.model
        self.limit = model.gain_limit
        self.mix = Mix(model.condition_channels, model.channels)
        number = torch.arange(model.channels)
        factors = 2.0 ** (number // 2 % 4) * (-1.0) ** number
        self.register_buffer("factors", factors[:, None], persistent=False)
        with torch.no_grad():
            self.mix.bias.fill_(1.0)

    def forward(self, c: torch.Tensor) -> torch.Tensor:
        return (self.factors * self.mix(c)).clamp(-self.limit, self.limit)


class GatedLayer(nn.Module):
    """h + hardtanh(filter(h)) * clamp(gate(h, c), 0, 1), causal, the sum clamped to the stream's limit.

    The latent moves the gates only, and filters have no bias: nothing in gives nothing out, wherever the spot is and
    however it moves.
    """

    def __init__(self, config: Config, dilation: int) -> None:
        super().__init__()
        model = config.model
        self.limit, self.dilation = model.residual_limit, dilation
        self.history = (model.kernel_size - 1) * dilation
        self.stream = nn.Conv1d(model.channels, 2 * model.channels, model.kernel_size, dilation=dilation, bias=False)
        self.latent = Mix(model.condition_channels, model.channels)
        with torch.no_grad():  # gates start half open
            self.latent.bias.fill_(0.5)

    def forward(self, h: torch.Tensor, c: torch.Tensor, settled: bool = False) -> torch.Tensor:
        return gated_layer(h, self.stream.weight, self.latent(c), self.dilation, self.limit, settled)


class Decoder(nn.Module):
    """Dry audio and latent in, wet audio out. Sample-by-sample causal; history before the first sample is zero."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        model = config.model
        self.limit = model.residual_limit
        self.latent_limit, self.past = model.latent_limit, model.past
        self.condition = Condition(config)
        self.gain = Gain(config)
        self.layers = nn.ModuleList(GatedLayer(config, dilation) for dilation in model.dilations)
        self.output = Mix(model.channels, 1, bias=False)

    def forward(self, dry: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """dry (B, 1, T) in [-1, 1], z (B, 2, 1 or T) within the latent limit → wet (B, 1, T) in [-1, 1]."""
        return self._decoded(dry, z, settled=False)

    def settled(self, dry: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """The samples of `forward` whose whole past is in dry, z (B, 2, 1) → wet (B, 1, T - past)."""
        return self._decoded(dry, z, settled=True)

    def _decoded(self, dry: torch.Tensor, z: torch.Tensor, settled: bool) -> torch.Tensor:
        c = self.condition(z.clamp(-self.latent_limit, self.latent_limit))
        h = (dry * self.gain(c)).clamp(-self.limit, self.limit)  # (B, C, T)
        for layer in self.layers:
            h = layer(h, c, settled)
        return self.output(h).clamp(-1, 1)


class DistortionVae(nn.Module):
    """Encoder and decoder, with the reparameterisation between (Kingma and Welling, "Auto-Encoding Variational
    Bayes", 2014); `train` has what is between.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
