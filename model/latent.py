# SPDX-License-Identifier: MIT
"""What a VAE does with its latent besides the KL term: drawing from the posterior, tying an axis to an attribute.

Depends on torch only.
"""

from __future__ import annotations

import torch


def sampled(mean: torch.Tensor, log_variance: torch.Tensor) -> torch.Tensor:
    """A draw from N(mean, exp(log_variance)) through which gradients pass, all (..., Z).

    The reparameterisation of Kingma and Welling, "Auto-Encoding Variational Bayes", 2014, section 2.4.
    """
    return mean + torch.randn_like(mean) * (0.5 * log_variance).exp()


def attribute_loss(z: torch.Tensor, attributes: torch.Tensor) -> torch.Tensor:
    """How far the order of the batch along each axis is from that of its attribute: (B, A) twice → scalar, 0..2A.

    Pati and Lerch, "Attribute-based Regularization of Latent Spaces for Variational Auto-Encoders", 2020, equations 3
    to 5 with their delta of 1: axis a of z rises with attribute a; clips of equal attribute are drawn together.
    """
    wanted = (attributes[:, None] - attributes).sign()  # (B, B, A)
    found = (z[:, None] - z).tanh()
    return (found - wanted).abs().mean(dim=(0, 1)).sum()
