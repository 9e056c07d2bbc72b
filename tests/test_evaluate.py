# SPDX-License-Identifier: MIT
"""Errors on programmes: by the setting's place and by the encoder, ESR and MR-STFT, summarised; a perfect decoder has
none.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from programmes import DRIVES, LAYOUT, SMALL, tanh_programmes

from model.data import Programme, Setting
from model.evaluate import SplitErrors, between, split_errors
from model.vae import DistortionVae


@pytest.fixture
def vae():
    torch.manual_seed(0)
    return DistortionVae(SMALL).eval()


def whole(programme, wet):
    return Programme(programme.setting, programme.dry, wet.astype(np.float32))


def as_decoded(vae, programmes):
    """The same dry sounds with what the decoder makes of them, clip by clip, as wet."""
    length = SMALL.train.clip_samples
    for programme in programmes:
        z = torch.tensor(LAYOUT.at("tanh", programme.setting.drive))[None, :, None]
        clips = torch.from_numpy(programme.dry[: len(programme.dry) // length * length]).reshape(-1, 1, length)
        with torch.no_grad():
            wet = vae.decoder(clips, z.expand(len(clips), -1, -1)).flatten().numpy()
        yield Programme(programme.setting, programme.dry[: len(wet)], wet)


def test_between_a_grid_are_its_gaps():
    assert between((0.0, 0.25, 1.0)) == (0.125, 0.625) and between((0.5,)) == ()


def test_a_decoder_has_no_error_against_itself_at_its_settings_and_some_elsewhere(vae):
    programmes = list(as_decoded(vae, tanh_programmes()))
    errors = split_errors(vae, programmes, LAYOUT)
    clips = len(DRIVES) * (len(programmes[0].dry) // SMALL.train.clip_samples)
    assert errors.devices == ("tanh",) * clips and errors.place.shape == errors.encoder.shape == (clips,)
    assert errors.place.max() < 1e-9  # float32 sums in another order
    assert errors.encoder.min() > 1e-6  # an untrained encoder is elsewhere
    moved = [
        Programme(Setting("tanh", 1 - p.setting.drive), p.dry, p.wet) for p in programmes if p.setting.drive != 0.5
    ]
    assert split_errors(vae, moved, LAYOUT).place.min() > 1e-6


def test_the_spectral_distance_is_of_the_whole_programme_at_its_place(vae):
    def decoded(programme, drive):
        z = torch.tensor(LAYOUT.at("tanh", drive))[None, :, None]
        with torch.no_grad():
            return vae.decoder(torch.from_numpy(programme.dry)[None, None], z)[0, 0].numpy()

    programmes = tanh_programmes()
    here = [whole(p, decoded(p, p.setting.drive)) for p in programmes]
    there = [whole(p, decoded(p, 1 - p.setting.drive)) for p in programmes if p.setting.drive != 0.5]
    equal, moved = (split_errors(vae, pairs, LAYOUT).distance for pairs in (here, there))
    assert equal.shape == (len(DRIVES),) and equal.max() < 1e-4  # float32 sums in another order
    assert moved.min() > 1e-3


def test_a_row_summarises_each_device():
    errors = SplitErrors(
        ("a", "a", "a", "b"), np.array([0.1, 0.2, 0.6, 0.3]), np.array([1.0, 1.0, 1.0, 3.0]), np.array([0.5, 0.7])
    )
    row = errors.row("seen")
    assert (row["split"], row["clips"]) == ("seen", 4)
    assert row["esr_median"] == pytest.approx(0.25) and row["esr_mean"] == pytest.approx(0.3)
    assert row["esr_p95"] == pytest.approx(np.percentile([0.1, 0.2, 0.6, 0.3], 95))
    assert row["mr_stft_median"] == pytest.approx(0.6)
    assert (row["encoder_median"], row["encoder_mean"]) == (1.0, 1.5)
    assert row["esr_median_by_device"] == {"a": pytest.approx(0.2), "b": pytest.approx(0.3)}
