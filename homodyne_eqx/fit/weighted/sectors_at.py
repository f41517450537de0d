"""All sectors of two-time data with weights for the noise of speckles, at one set of parameters."""

import numpy as np

from ...engine import Packed
from ...engine.unfolding import sector_places
from ...noise.speckle_draws import draws_of_sector
from ...noise.weighted_sector import WeightedSector, weighted_sector
from ...physics.model import TwoTimeModel
from ..uncertainty.noise_of_fit import NoiseOfFit
from ..uncertainty.over_sectors import over_sectors
from ..uncertainty.sector_of_fit import sector_of_fit

_MEMORY, _BYTES_A_PIXEL = 4e8, 130


def sectors_at(model: TwoTimeModel, packed: Packed, noise: NoiseOfFit) -> tuple[WeightedSector, ...]:
    """The sectors in the order of their numbers, some 400 MB of them at once.

    **Arguments:** `model`: at the parameters; `noise`: at the end of least squares.
    """
    places = sector_places(packed)
    n_draws = draws_of_sector(noise.draws, len(places), packed.geometry.n_t)

    def of_sector(k: int) -> WeightedSector:
        sector = sector_of_fit(model, packed, noise.free, noise.loss, k)
        return weighted_sector(sector, noise.sectors[k], n_draws, np.random.default_rng([noise.seed, k, 1]))

    return over_sectors(packed, of_sector, _MEMORY, _BYTES_A_PIXEL)
