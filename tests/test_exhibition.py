# SPDX-License-Identifier: MIT
"""Pictures and sounds of a small decoder: files that are there, sounds at the level and length that they promise."""

from __future__ import annotations

import matplotlib.image
import numpy as np
import pytest
import torch
from programmes import SMALL, tanh_programmes
from rich.console import Console

from model import exhibition, gallery, sheets
from model.devices import device
from model.encoder_gallery import CLIPS, encode
from model.layout import Layout, Place
from model.map_measures import k_weighted_loudness
from model.scores import map_scores
from model.vae import DistortionVae

RATE = SMALL.audio.sample_rate
DEVICES = ("soft_clip", "fuzz")
LAYOUT = Layout(
    tuple(
        Place(name, family, drive, x, 6 * drive - 3)
        for name, family, x in (("soft_clip", "soft", -3.0), ("fuzz", "fuzz", 3.0))
        for drive in SMALL.data.drives
    )
)
ROWS = [{"split": "seen", "esr_median_by_device": {"soft_clip": 0.01, "fuzz": 0.5}}]


@pytest.fixture
def vae():
    torch.manual_seed(0)
    return DistortionVae(SMALL).eval()


class Hummer(torch.nn.Module):
    """A decoder that plays dry as it is, ever quieter towards the left, and remembers where it was."""

    latent_limit = 3.0
    visited = torch.zeros(0, 2)

    def forward(self, dry, z):
        self.visited = z[:, :, 0]
        return (1 + z[:, :1] / 4) * dry


@pytest.fixture
def recording():
    time = np.arange(2 * RATE) / RATE
    return np.where(time < 1, 0.01, 0.3) * np.sin(2 * np.pi * 200 * time)  # its second half is the loud one


def test_everything_is_drawn_with_devices_and_the_map_alone_without(monkeypatch, tmp_path, vae):
    monkeypatch.setattr(exhibition, "SECONDS", 0.5)
    monkeypatch.setattr(gallery, "SWEEP_SECONDS", 0.5)
    console = Console(quiet=True)
    measures = map_scores(vae, places=3)
    pictures = exhibition.draw(vae, LAYOUT, DEVICES, ROWS, measures, tmp_path / "data", tmp_path, console)
    assert {p.chapter for p in pictures} == {"errors", "map", "encoder", "aliasing", "tails"}
    for picture in pictures:
        assert matplotlib.image.imread(tmp_path / picture.file)[..., :3].std() > 0.01, picture.file  # not a blank sheet
    alone = exhibition.draw(vae, LAYOUT, (), (), measures, tmp_path / "data", tmp_path, console)
    assert {p.chapter for p in alone} == {"map"}


def test_the_encoder_is_shown_the_first_clips_of_each_programme(vae):
    programmes = tanh_programmes(SMALL.train.clip_samples * (CLIPS + 2))
    found = encode(vae, programmes)
    assert found.programme.tolist() == [i for i in range(len(programmes)) for _ in range(CLIPS)]
    assert found.hidden.shape == (len(found.programme), SMALL.model.encoder_hidden)
    first = torch.from_numpy(np.stack([programmes[1].dry, programmes[1].wet]))[:, None, : SMALL.train.clip_samples]
    with torch.no_grad():
        mean = vae.encoder(*first)[0].numpy()
    assert found.mean[CLIPS] == pytest.approx(mean[0], abs=1e-5)  # float32 sums in another order


def test_a_phrase_is_the_loudest_stretch_at_one_peak(recording):
    cut = sheets.phrase(recording, 0.5, RATE)
    assert len(cut) == RATE // 2 and np.abs(cut).max() == pytest.approx(sheets.DRY_PEAK)
    assert cut[0] == cut[-1] == 0 and np.abs(cut[1000:-1000]).max() > 0.9 * sheets.DRY_PEAK
    assert len(sheets.phrase(recording, 60.0, RATE)) == len(recording)


@pytest.fixture
def hummer(monkeypatch, vae):
    monkeypatch.setattr(vae, "decoder", Hummer())
    return vae


def test_a_walk_goes_along_its_axis_at_one_loudness(hummer, recording):
    sounds, visits = [], []
    for sound in sheets.walks(hummer, {"tone": recording}):
        sounds.append(sound)
        visits.append(hummer.decoder.visited)
    dry, walked = sounds[0].samples, list(zip(sounds[1:], visits[1:], strict=True))
    assert [sound.title for sound, _ in walked] == [
        *(f"tone along x from -3 to +3, y {y:+g}" for y in (-1.5, 1.5)),
        *(f"tone along y from -3 to +3, x {x:+g}" for x in (-1.5, 1.5)),
    ]
    for (sound, visited), axis, line in zip(walked, (0, 0, 1, 1), (-1.5, 1.5, -1.5, 1.5), strict=True):
        assert visited[:, axis].tolist() == np.linspace(-3, 3, sheets.SPOTS).tolist()
        assert set(visited[:, 1 - axis].tolist()) == {line}
        spots = sound.samples.reshape(sheets.SPOTS, -1)[:, : len(dry)]
        assert k_weighted_loudness(spots) == pytest.approx(sheets.WALK_LKFS, abs=0.2)  # fades take a little


def test_a_spot_that_is_almost_silent_is_not_blown_up(monkeypatch, hummer, recording):
    monkeypatch.setattr(Hummer, "forward", lambda self, dry, z: 1e-4 * dry)
    for sound in list(sheets.walks(hummer, {"tone": recording}))[1:]:
        assert np.abs(sound.samples).max() == pytest.approx(1e-4 * sheets.DRY_PEAK * 10**1.5, rel=0.01)  # 30 dB


def test_every_device_stands_beside_its_effect_with_its_error(hummer, recording):
    dry, *pairs = sheets.beside_effects(hummer, LAYOUT, DEVICES, "tone", recording)
    effects, decoders = pairs[::2], pairs[1::2]
    assert [sound.title for sound in effects] == ["soft_clip, the effect", "fuzz, the effect"]
    for name, effect, decoder in zip(DEVICES, effects, decoders, strict=True):
        target = device(name, SMALL.audio).render(dry.samples, sheets.DEVICE_DRIVE)
        late = SMALL.audio.latency_samples
        assert np.array_equal(effect.samples[late:], target[:-late])
        power = np.mean(effect.samples**2)
        error = np.mean((decoder.samples - effect.samples) ** 2) / power
        assert decoder.title.startswith(f"{name}, the decoder: ESR ")
        assert float(decoder.title.split()[-2]) == pytest.approx(100 * error, rel=0.06)  # two digits


def test_a_tail_follows_once_more_30_db_louder(hummer):
    sounds = list(sheets.tails(hummer, LAYOUT, ["soft_clip"]))
    assert [sound.title for sound in sounds] == ["soft_clip, the effect", "soft_clip, the decoder"]
    for sound in sounds:
        note = len(sound.samples) * 4 // 7
        tail = sound.samples[note // 2 : note]
        assert sound.samples[-len(tail) :] == pytest.approx(np.clip(10**1.5 * tail, -1, 1))


def test_devices_that_are_wanted_are_shown_and_others_where_they_are_not_there():
    assert gallery.some(["a", "b", "c"], ("c", "z", "b")) == ["c", "b"]
    assert gallery.some(["a", "b", "c"], ("y", "z")) == ["a", "b"]
