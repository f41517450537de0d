"""By how much χ² of each model falls for parameters that fit noise alone, with the noise of one of them for all.

Each model has a noise of its own, from its own residuals and correlation. What χ² falls by for one more parameter is
far less than these differ by, so penalties that are to be compared take the same noise.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from ...engine import Packed
from ...engine.losses import AbstractLoss
from ...engine.normal_equations.sector_slopes import sector_slopes
from ...engine.unfolding import sector_places
from ...fit.result.fit_result import FitResult
from ...fit.uncertainty.noise_of_fit import DRAWS, NoiseOfFit
from ...fit.uncertainty.sector_of_fit import sector_of_fit
from ...fit.uncertainty.speckle_covariance import noise_of_result
from ...noise.pulls import Pulls
from ...noise.speckle_draws import draws_of_sector
from .noise_along import intensities_of


def penalties_of(
    results: Mapping[str, FitResult], reference: str, data: Any, loss: AbstractLoss | None
) -> dict[str, float]:
    """tr(N⁻¹V) of each model, with V for the speckles that the data have by the fit of the `reference`; with errors as
    they are stated for data that are no maps.

    Parameters at a bound, and those that the data do not determine, count as the mean of the others.
    """
    noises = {name: noise_of_result(result, data, loss) for name, result in results.items()}
    of_reference = noises[reference]
    found = {}
    if isinstance(of_reference, NoiseOfFit):
        variances = _variances(noises, of_reference)
    else:
        variances = {name: noise.variance_of_pulls for name, noise in noises.items()}
    for name, noise in noises.items():
        known = max(int(np.count_nonzero(noise.directions.usable)), 1)
        total = float(np.sum(noise.inverse * variances[name]))
        found[name] = total * len(noise.at_bound) / known
    return found


def _variances(noises: Mapping[str, Any], reference: NoiseOfFit) -> dict[str, np.ndarray]:
    """V of each model, (n_free, n_free), what its priors leave open included; the same draws for all."""
    packed = reference.data
    assert isinstance(packed, Packed)
    found = {name: noise.prior_information.copy() for name, noise in noises.items()}
    places = sector_places(packed)
    n_draws = draws_of_sector(DRAWS, len(places), packed.geometry.n_t)
    for k in sorted(places):
        sector = sector_of_fit(reference.model, packed, reference.free, reference.loss, k)
        x = intensities_of(reference, sector.slopes, k, n_draws)
        for name, noise in noises.items():
            own = sector.slopes if noise is reference else sector_slopes(noise.model, packed, noise.free, k)
            pulls = Pulls(own, x)
            for band, of_reference in zip(own.bands(), sector.bands(), strict=True):
                pulls.add(band, of_reference.weights)
            found[name] += np.atleast_2d(np.cov(pulls.total())) / float(reference.speckles[k])
    return found
