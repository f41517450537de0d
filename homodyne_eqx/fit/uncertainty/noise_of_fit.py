"""The noise of the data of a fit, sector by sector, and the uncertainties by it; computed at first use."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, final

import numpy as np

from ...data import TwoTimeData
from ...engine import Packed, pack
from ...engine.losses import AbstractLoss
from ...engine.unfolding import sector_places
from ...noise.sector_noise import SectorNoise, sector_noise
from ...noise.speckle_draws import draws_of_sector
from ...noise.weighted_fit import WeightedFit
from ...physics.model import TwoTimeModel
from ..solve.quadratic import Quadratic
from .abstract_propagated_noise import AbstractPropagatedNoise
from .over_sectors import over_sectors
from .sector_of_fit import sector_of_fit

DRAWS = 8000
ASSUMPTION = (
    "Uncertainties are 1σ and include the noise of a finite number of speckles, estimated from the residuals. "
    "Assumptions: the light of a sector is one Gaussian field with the fitted correlation, sectors and speckles are "
    "independent, and the model is right."
)
_BLOCKS = 4
_ALL_BLOCKS = 24
_DRAWN_AT_ONCE = 512
_MEMORY, _BYTES_A_PIXEL = 1e9, 40
_PAIRS_A_PARAMETER = 10


@final
@dataclass(frozen=True)
class NoiseOfFit(AbstractPropagatedNoise):
    """The end of a fit, from which the covariance of its parameters under the noise of speckles follows.

    - `model`: as fitted; `data`: `TwoTimeData` or packed; `loss`;
    - `free`: which leaves of the model are free; `at_bound`: which of their elements ended at a bound, (n_free,);
    - `normal`: the normal equations at the end, with `prior_information`, what priors have added to their matrix,
      (n_free, n_free); `draws`: how many speckles to draw, over all sectors; `seed`.
    """

    model: TwoTimeModel
    data: TwoTimeData | Packed
    loss: AbstractLoss
    free: Any
    at_bound: np.ndarray
    normal: Quadratic
    prior_information: np.ndarray
    draws: int = DRAWS
    seed: int = 0

    @property
    def assumption(self) -> str:
        return ASSUMPTION

    @property
    def is_known(self) -> bool:
        return bool(self.sectors)

    @cached_property
    def sectors(self) -> tuple[SectorNoise, ...]:
        """The noise of each sector; empty where the end of the fit has no finite χ², or no normal equations."""
        if not self.normal.is_finite or (len(self.normal.matrix) and not np.any(self.normal.matrix)):
            return ()
        packed = self.data if isinstance(self.data, Packed) else pack(self.data)
        places = sector_places(packed)
        n_draws = draws_of_sector(self.draws, len(places), packed.geometry.n_t)
        n_blocks = max(_BLOCKS, -(-_ALL_BLOCKS // len(places)), -(-n_draws // _DRAWN_AT_ONCE))

        def of_sector(k: int) -> SectorNoise:
            sector = sector_of_fit(self.model, packed, self.free, self.loss, k)
            return sector_noise(sector, n_draws // n_blocks, n_blocks, np.random.default_rng([self.seed, k]))

        return over_sectors(packed, of_sector, _MEMORY, _BYTES_A_PIXEL)

    @cached_property
    def speckles(self) -> np.ndarray:
        """The estimated number of independent speckles of each sector, (n_sector,). A sector of few pairs has the
        number of all sectors together."""
        own = np.array([noise.speckles for noise in self.sectors])
        few = np.array([n.n_pairs < _PAIRS_A_PARAMETER * (n.active.size + 1) for n in self.sectors], bool)
        if np.any(few):
            drawn = sum(float(np.mean(noise.drawn.form)) * noise.block_size for noise in self.sectors)
            found = sum(float(noise.found.form) for noise in self.sectors)
            own[few] = drawn / found if found > 0 else np.nan
        return own

    @cached_property
    def variance_of_pulls(self) -> np.ndarray:
        """V, the covariance of b of the normal equations under the noise of speckles and of the priors, (n_free,
        n_free)."""
        n = len(self.at_bound)
        of_sectors = [s.pulls[:n, :n] / P for s, P in zip(self.sectors, self.speckles, strict=True)]
        return np.sum(of_sectors, axis=0) + self.prior_information

    @cached_property
    def weighted_fit(self) -> WeightedFit:
        """The same fit with weights for the correlated noise, to first order."""
        sigma = np.sqrt(np.diagonal(self.covariance))
        return WeightedFit(self.sectors, self.speckles, self.at_bound, self.inverse, sigma, self.prior_information)
