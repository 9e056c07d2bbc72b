# SPDX-License-Identifier: MIT
"""Pictures of what the encoder sees: where it puts clips of learned settings, coloured by what is known of them.

Depends on `evaluate`, `attributes` and `features`, and draws with `plots`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from model import plots
from model.attributes import Attributes, measure
from model.data import Programme
from model.evaluate import clips
from model.gallery import Picture
from model.layout import Layout
from model.scores import decoder_render
from model.vae import DistortionVae

CLIPS = 8  # of each setting, an eighth of a second each


@dataclass(frozen=True, eq=False)
class Encoded:
    """Clips as the encoder sees them."""

    programme: np.ndarray  # (clips,): which of the programmes it is cut from
    mean: np.ndarray  # (clips, 2)
    hidden: np.ndarray  # (clips, encoder_hidden): the layer before it is squeezed to two numbers


@torch.no_grad()
def encode(vae: DistortionVae, programmes: Sequence[Programme]) -> Encoded:
    """The first CLIPS clips of each programme."""
    config, encoder = vae.config, vae.encoder
    which, means, hidden = [], [], []
    for index, programme in enumerate(programmes):
        dry, wet = (sound[:CLIPS] for sound in clips(programme, config.train.clip_samples))
        hidden.append(encoder.hidden(dry, wet).numpy())
        means.append(encoder(dry, wet)[0].numpy())
        which += [index] * len(dry)
    return Encoded(np.array(which), np.concatenate(means), np.concatenate(hidden))


def encoder_pictures(
    vae: DistortionVae, layout: Layout, programmes: Sequence[Programme], folder: Path
) -> Iterator[Picture]:
    """Maps of the encoder's means, pair plots and t-SNE."""
    limit, found = vae.decoder.latent_limit, encode(vae, programmes)
    devices = [programmes[index].setting.device for index in found.programme]
    drive = np.array([programmes[index].setting.drive for index in found.programme])
    families = [layout.family(name) for name in devices]
    plots.device_maps(found.mean, devices, drive, limit, folder / "devices.png")
    yield Picture(
        "encoder",
        "devices.png",
        "Every dot is an eighth of a second, where the encoder puts it. A device that is recognised stands as one "
        "column with its drives in order; a cloud is a device whose clips could be another's.",
    )
    attributes = _attributes(vae, layout, programmes)
    known = {
        "drive": drive,
        "distortion, dB": np.array([attributes[index].distortion_db for index in found.programme]),
        "brightness, octaves": np.array([attributes[index].brightness_octaves for index in found.programme]),
        "odd harmonics, share": np.array([attributes[index].odd_share for index in found.programme]),
        "crest factor, dB": np.array([attributes[index].crest_factor_db for index in found.programme]),
    }
    plots.latent_maps(found.mean, {"family": families, **known}, limit, folder / "encoded.png")
    yield Picture(
        "encoder",
        "encoded.png",
        "The same clips, coloured by what is known of their setting. Attributes are measured on the decoder at the "
        "setting's place. Tone has no picture: it stands at noon for every device.",
    )
    plots.pair_plot({"x": found.mean[:, 0], "y": found.mean[:, 1], **known}, "drive", folder / "pairs.png")
    yield Picture(
        "encoder",
        "pairs.png",
        "Everything against everything. Where y rises with drive and distortion in one band, the axis means what it "
        "says; what x goes with is the row's character.",
    )
    plots.feature_map(found.hidden, families, folder / "features.png")
    yield Picture(
        "encoder",
        "features.png",
        "t-SNE of the encoder's last hidden layer. Only who is next to whom means something: islands are what the "
        "encoder tells apart before it has to say it in two numbers.",
    )


def _attributes(vae: DistortionVae, layout: Layout, programmes: Sequence[Programme]) -> list[Attributes]:
    render = decoder_render(vae)

    def played(dry: np.ndarray, z: np.ndarray) -> np.ndarray:
        return render(dry, z)[0]

    settings = [programme.setting for programme in programmes]
    return [measure(partial(played, z=np.array([layout.at(s.device, s.drive)]))) for s in settings]
