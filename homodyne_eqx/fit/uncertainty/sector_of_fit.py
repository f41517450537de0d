"""One sector of the data of a fit with the fitted model, for the effect of its noise."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from ...engine import Packed
from ...engine.losses import AbstractLoss
from ...engine.normal_equations.sector_slopes import SlopesOfBand, sector_slopes
from ...engine.unfolding import FoldedMap, FoldedSector, sector_places
from ...noise.sector import Sector
from ...physics.model import TwoTimeModel


def sector_of_fit(model: TwoTimeModel, packed: Packed, free: Any, loss: AbstractLoss, number: int) -> Sector:
    """**Arguments:** `free`: which leaves of the model are parameters; `number`: of the sector."""
    slopes, folded = sector_slopes(model, packed, free, number), FoldedSector(packed, *sector_places(packed)[number])

    def data(band: SlopesOfBand) -> tuple[np.ndarray, np.ndarray]:
        g2 = slopes.offset + slopes.contrast * band.M
        return residual_and_weights(g2, folded.rows(band.first, band.end), loss)

    return Sector(slopes, folded.frames_with_data(), data)


def residual_and_weights(g2: np.ndarray, folded: FoldedMap, loss: AbstractLoss) -> tuple[np.ndarray, np.ndarray]:
    """data − g2 and the weights of some pairs as the loss counts them, 0 where there is no pair."""
    counts = folded.weights > 0
    residual, weights = np.where(counts, folded.values - g2, 0), folded.weights
    if loss.reweights:
        weights = weights * np.asarray(loss.slope(jnp.asarray(weights * residual**2)), float)
    return residual, weights
