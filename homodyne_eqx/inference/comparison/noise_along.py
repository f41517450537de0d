"""The scatter of the difference of χ² between two models by the noise of the data."""

from typing import Any

import numpy as np

from ...engine import Packed
from ...engine.losses import AbstractLoss
from ...engine.normal_equations.sector_slopes import SectorSlopes, sector_slopes
from ...engine.unfolding import folded_map, sector_places
from ...fit.result.fit_result import FitResult
from ...fit.uncertainty.noise_of_fit import NoiseOfFit, residual_and_weights
from ...fit.uncertainty.speckle_covariance import noise_of_result
from ...noise.speckle_draws import speckle_law
from .fitted_values import fitted_values

_DRAWS = 1000


def variance_along(first: FitResult, second: FitResult, data: Any, loss: AbstractLoss | None) -> float:
    """The variance of Σ w (g2 of the first − g2 of the second) · noise, with the noise of the fit of the first."""
    noise = noise_of_result(first, data, loss)
    if isinstance(noise, NoiseOfFit):
        packed = noise.data
        assert isinstance(packed, Packed)
        apart = fitted_values(first, packed) - fitted_values(second, packed)
        return sum(_of_sector(noise, packed, k, apart[k]) for k in sorted(sector_places(packed)))
    packed = noise.packed
    counts = ~np.isnan(np.asarray(packed.values)).ravel()
    apart = (fitted_values(first, packed) - fitted_values(second, packed)).ravel()[counts]
    along = apart * np.sqrt(np.asarray(packed.weights, float).ravel()[counts])
    if noise.covariances is None:
        return float(along @ along)
    return sum(float(along[noise.sector == k] @ c @ along[noise.sector == k]) for k, c in enumerate(noise.covariances))


def _of_sector(noise: NoiseOfFit, packed: Packed, k: int, apart: np.ndarray) -> float:
    slopes, folded = sector_slopes(noise.model, packed, noise.free, k), folded_map(packed, *sector_places(packed)[k])
    _, weights = residual_and_weights(slopes, folded, noise.loss)
    x = intensities_of(noise, slopes, k, _DRAWS)
    pull = weights * apart
    pull = pull + pull.T
    linear = np.sum(pull * (slopes.contrast * slopes.M), axis=1)
    sums = slopes.offset * np.sum(x * (pull @ x), axis=0) / 2 - linear @ x
    return float(np.var(sums)) / float(noise.speckles[k])


def intensities_of(noise: NoiseOfFit, slopes: SectorSlopes, k: int, n: int) -> np.ndarray:
    """Drawn intensities of the speckles that sector k has by a fit, less their mean and in units of it, (n_t, n)."""
    law = speckle_law(slopes.field, slopes.M, slopes.contrast / slopes.offset)
    law = law.with_photons(noise.sectors[k].photon_noise, not noise.sectors[k].white)
    return law.draw(np.random.default_rng([1, k]), n)
