# SPDX-License-Identifier: MIT
"""What a VAE does with its latent besides the KL term: drawing from the posterior, tying an axis to an attribute.

Depends on torch only.
"""

from __future__ import annotations

import torch


def sampled(mean: torch.Tensor, log_variance: torch.Tensor, generator: torch.Generator | None = None) -> torch.Tensor:
    """A draw from N(mean, exp(log_variance)) through which gradients pass, all (..., Z); by torch's own generator when
    none is given.

    The reparameterisation of Kingma and Welling, "Auto-Encoding Variational Bayes", 2014, section 2.4.
    """
    noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
    return mean + noise * (0.5 * log_variance).exp()


def attribute_loss(z: torch.Tensor, attributes: torch.Tensor) -> torch.Tensor:
    """How far the order of the batch along each axis is from that of its attribute: (B, A) twice → scalar, 0..2A.

    Pati and Lerch, "Attribute-based Regularization of Latent Spaces for Variational Auto-Encoders", 2020, equations 3
    to 5 with their delta of 1: axis a of z rises with attribute a; clips of equal attribute are drawn together.
    """
    wanted = (attributes[:, None] - attributes).sign()  # (B, B, A)
    found = (z[:, None] - z).tanh()
    return (found - wanted).abs().mean(dim=(0, 1)).sum()
