"""All sectors of two-time data with weights for the noise of speckles, at one set of parameters."""

import numpy as np

from ...engine import Packed
from ...engine.normal_equations.sector_slopes import sector_slopes
from ...engine.unfolding import folded_map, sector_places
from ...noise.speckle_draws import draws_of_sector
from ...noise.weighted_sector import WeightedSector, weighted_sector
from ...physics.model import TwoTimeModel
from ..uncertainty.noise_of_fit import NoiseOfFit, residual_and_weights
from ..uncertainty.over_sectors import over_sectors

_MEMORY, _BYTES_A_PIXEL = 4e8, 130


def sectors_at(model: TwoTimeModel, packed: Packed, noise: NoiseOfFit) -> tuple[WeightedSector, ...]:
    """The sectors in the order of their numbers, some 400 MB of them at once.

    **Arguments:** `model`: at the parameters; `noise`: at the end of least squares.
    """
    places = sector_places(packed)
    n_draws = draws_of_sector(noise.draws, len(places), packed.geometry.n_t)

    def of_sector(k: int) -> WeightedSector:
        slopes, folded = sector_slopes(model, packed, noise.free, k), folded_map(packed, *places[k])
        residual, weights = residual_and_weights(slopes, folded, noise.loss)
        generator = np.random.default_rng([noise.seed, k, 1])
        return weighted_sector(slopes, residual, weights, noise.sectors[k], n_draws, generator)

    return over_sectors(packed, of_sector, _MEMORY, _BYTES_A_PIXEL)
