"""The scatter of the difference of χ² between two models by the noise of the data."""

from typing import Any

import numpy as np

from ...engine import Packed
from ...engine.losses import AbstractLoss
from ...engine.normal_equations.sector_slopes import SectorSlopes
from ...engine.unfolding import sector_places
from ...fit.result.fit_result import FitResult
from ...fit.uncertainty.noise_of_fit import NoiseOfFit
from ...fit.uncertainty.sector_of_fit import sector_of_fit
from ...fit.uncertainty.speckle_covariance import noise_of_result
from ...noise.law_of_sector import law_of_sector
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
    sector = sector_of_fit(noise.model, packed, noise.free, noise.loss, k)
    slopes, x = sector.slopes, intensities_of(noise, sector.slopes, k, _DRAWS)
    sums, linear = np.zeros(_DRAWS), np.zeros(slopes.n_t)
    for band in sector.bands():
        pull = band.weights * apart[band.rows, band.columns]
        sums += slopes.offset * np.sum(x[band.rows] * (pull @ x[band.columns]), axis=0)
        of_mean = pull * (slopes.contrast * band.model.M)
        linear[band.rows] += np.sum(of_mean, axis=1)
        linear[band.columns] += np.sum(of_mean, axis=0)
    return float(np.var(sums - linear @ x)) / float(noise.speckles[k])


def intensities_of(noise: NoiseOfFit, slopes: SectorSlopes, k: int, n: int) -> np.ndarray:
    """Drawn intensities of the speckles that sector k has by a fit, less their mean and in units of it, (n_t, n)."""
    law = law_of_sector(slopes)
    law = law.with_photons(noise.sectors[k].photon_noise, not noise.sectors[k].white)
    return law.draw(np.random.default_rng([1, k]), n)
