# SPDX-License-Identifier: MIT
"""What training asks of the map as such, where no recorded pair says what is right: between the places it goes straight
from one to the next, further up it distorts more, high notes alias little, and nowhere is the sound too faint for
integers.

Depends on torch, `layout`, `losses` and the decoder it is handed.
"""

from __future__ import annotations

import torch

from model.config import Config
from model.layout import Layout
from model.losses import ENERGY_FLOOR, pre_emphasised
from model.vae import Decoder

SOMEWHERE = 64  # spots of the map a step whose gains are held up, besides the places
EVENED = 16  # one clip in so many is played between the places as well
COLUMNS = 8  # a step, in each of which two spots play a sine
TONE_SAMPLES = 512
CYCLES = (1, 5)  # of the sine in as many samples: 94 to 375 Hz
TONE_DB = (-18.0, -6.0)  # its peak; `map_measures` has -12
CLEANEST = 1e-5  # share of overtones or aliases below which more or less is all the same: -50 dB
HIGH_SINES = 8  # a step, at places of so much drive
HIGH_DRIVE = 0.75
HIGH_CYCLES = (8, 42)  # twice that and one: 1.6 to 7.8 kHz; in 512 samples, an odd number's aliases are no harmonics
HIGH_DB = (-12.0, -3.0)  # their peak; `aliasing` has -6
AUDIBLE = 213  # bins of 512 samples: 20 kHz


class MapTerms:
    """Differentiable terms of a decoder's loss, each a scalar; spots are drawn from the generator."""

    def __init__(self, config: Config, layout: Layout, places: torch.Tensor, generator: torch.Generator) -> None:
        self.train, self.places, self.generator = config.train, places, generator  # places (S, Z)
        self.limit = config.model.latent_limit
        # A place that has no other is its own neighbour: nothing bends on the way.
        pairs = layout.neighbours() or [((place.x, place.y),) * 2 for place in layout.places]
        self.neighbours = torch.tensor([a for a, _ in pairs]), torch.tensor([b for _, b in pairs])
        driven = [place for place in layout.places if place.drive >= HIGH_DRIVE] or layout.places
        self.driven = torch.tensor([(place.x, place.y) for place in driven])

    def weighted(self, decoder: Decoder, dry: torch.Tensor) -> torch.Tensor:
        """The sum that is added to the reconstruction's loss of a batch whose dry clips are (B, T)."""
        train = self.train
        return (
            train.straightness * self.bends(decoder)
            + train.faintness * self.faintness(decoder)
            + train.evenness * self.unevenness(decoder, dry[: train.batch_size // EVENED, None])
            + train.amount * self.reversals(decoder)
            + train.aliasing * self.aliases(decoder)
        )

    def bends(self, decoder: Decoder) -> torch.Tensor:
        """How far the condition leaves the straight line between neighbouring places, squared."""
        first, second = self.neighbours
        share = torch.rand(len(first), 1, generator=self.generator)
        ends = decoder.condition(torch.cat([first, second])[:, :, None])[:, :, 0].chunk(2)
        between = decoder.condition(torch.lerp(first, second, share)[:, :, None])[:, :, 0]
        return (between - torch.lerp(*ends, share)).pow(2).mean()

    def faintness(self, decoder: Decoder) -> torch.Tensor:
        """How far gains are below 1, squared: integers would hold a faint sound in a fraction of a step."""
        anywhere = self._spots(SOMEWHERE)
        gains = decoder.gain(decoder.condition(torch.cat([self.places, anywhere])[:, :, None]))
        return torch.relu(1 - gains.abs()).pow(2).mean()

    def unevenness(self, decoder: Decoder, dry: torch.Tensor) -> torch.Tensor:
        """How far the loudness of dry (B, 1, T) between two neighbouring places is from what lies between theirs,
        squared, in nepers.
        """
        first, second = self.neighbours
        chosen = torch.randint(len(first), (len(dry),), generator=self.generator)
        share = torch.rand(len(dry), 1, generator=self.generator)
        ends = torch.cat([first[chosen], second[chosen]])
        with torch.no_grad():
            before, after = self._loudness(decoder, dry.repeat(2, 1, 1), ends).chunk(2)
        between = self._loudness(decoder, dry, torch.lerp(first[chosen], second[chosen], share))
        return (between - torch.lerp(before, after, share)).pow(2).mean()

    def reversals(self, decoder: Decoder) -> torch.Tensor:
        """By how much a sine is distorted less at the upper of two spots of one column, in bels of `distortion`.

        A hinge in place of AR-VAE's sign loss (Pati and Lerch, "Attribute-based regularization of latent spaces for
        variational auto-encoders", 2021): the attribute is measured on what the decoder plays, and the latent is given.
        """
        first, second = self._spots(2 * COLUMNS).chunk(2)
        y = torch.stack([first[:, 1], second[:, 1]]).sort(dim=0).values
        spots = torch.stack([first[:, 0].repeat(2), y.flatten()], dim=1)
        below, above = self._distortion(decoder, spots).log10().chunk(2)
        return torch.relu(below - above).mean()

    def aliases(self, decoder: Decoder) -> torch.Tensor:
        """The share of high sines, driven hard, that comes out below 20 kHz as neither harmonic nor DC, in bels above
        CLEANEST.
        """
        chosen = torch.randint(len(self.driven), (HIGH_SINES,), generator=self.generator)
        cycles = 2 * torch.randint(*HIGH_CYCLES, (HIGH_SINES, 1), generator=self.generator) + 1
        power = self._power(decoder, self._sines(cycles, HIGH_DB, decoder.past), self.driven[chosen])
        rest = torch.where(torch.arange(AUDIBLE) % cycles == 0, 0.0, power[:, :AUDIBLE]).sum(dim=1)
        return (1 + rest / (power[:, 1:].sum(dim=1) + ENERGY_FLOOR) / CLEANEST).log10().mean()

    def _distortion(self, decoder: Decoder, spots: torch.Tensor) -> torch.Tensor:
        """Share of the power that is not the sine's, (N,), above CLEANEST; the first and second half of the N hear the
        same sines.
        """
        half = len(spots) // 2
        cycles = torch.randint(*CYCLES, (half, 1), generator=self.generator)
        dry = self._sines(cycles, TONE_DB, decoder.past).repeat(2, 1)
        power = self._power(decoder, dry, spots)
        sine, whole = power.gather(1, cycles.repeat(2, 1))[:, 0], power[:, 1:].sum(dim=1)
        return CLEANEST + (whole - sine).clamp(min=0) / (whole + ENERGY_FLOOR)

    def _sines(self, cycles: torch.Tensor, range_db: tuple[float, float], past: int) -> torch.Tensor:
        """Of random phases and peaks, with so many cycles (N, 1) in TONE_SAMPLES and as much before as a decoder
        remembers: (N, past + TONE_SAMPLES).
        """
        phase, level = torch.rand(2, len(cycles), 1, generator=self.generator)
        peak = 10 ** (torch.lerp(*torch.tensor(range_db), level) / 20)
        turns = cycles * torch.arange(past + TONE_SAMPLES) / TONE_SAMPLES + phase
        return peak * torch.sin(2 * torch.pi * turns)

    @staticmethod
    def _power(decoder: Decoder, dry: torch.Tensor, spots: torch.Tensor) -> torch.Tensor:
        """Of each bin of TONE_SAMPLES of wet, (N, bins)."""
        spectrum = torch.fft.rfft(decoder.settled(dry[:, None], spots[:, :, None])[:, 0])
        return spectrum.real.pow(2) + spectrum.imag.pow(2)

    def _loudness(self, decoder: Decoder, dry: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        """Logarithm of power, plain and pre-emphasised, (B, 2)."""
        wet = decoder.settled(dry, z[:, :, None])[:, 0]
        treble = pre_emphasised(wet, self.train.pre_emphasis)
        return torch.stack([0.5 * (s.pow(2).mean(dim=1) + ENERGY_FLOOR).log() for s in (wet, treble)], dim=1)

    def _spots(self, count: int) -> torch.Tensor:
        """Anywhere on the map, (count, Z)."""
        return self.limit * (2 * torch.rand(count, self.places.shape[1], generator=self.generator) - 1)
