"""The test that decides whether weights for the noise of speckles are used."""

import numpy as np

from ..solve.minimise import Outcome
from ..uncertainty.noise_of_fit import NoiseOfFit
from ..verdict.departures import departure_findings
from ..verdict.finding import Kind
from .estimate import Guard
from .weighted_descent import Descent

_RARE = 1e-3
_PHOTONS_ALONE = 30.0


def without_weights(why: str) -> Guard:
    """The guard where there is no weighted estimate."""
    return Guard(np.nan, 0, np.nan, False, f"equal weights are kept: {why}.")


def guard_of(descent: Descent, outcome: Outcome, noise: NoiseOfFit) -> Guard:
    """Whether the weighted estimate is to be used. **Arguments:** `outcome`, `noise`: of least squares.

    Two fits of one data set, of which the one weights near and the other far lags more, have the same mean if the model
    is right (Hausman, Econometrica 46, 1251 (1978)). Nor may all sectors together differ from the model in one of the
    ways that the verdict knows.
    """
    from scipy.special import chdtri

    at_bound = descent.at_bound | outcome.at_bound
    sigma = np.sqrt(np.diagonal(noise.covariance))
    difference = descent.parameters - outcome.parameters
    statistic, degrees = descent.sums.distance(difference, at_bound, noise.inverse, sigma)
    threshold = float(chdtri(degrees, _RARE)) if degrees else 0.0
    size = (
        f"(χ² {statistic:.3g} of {degrees} degrees of freedom; a right model exceeds "
        f"{threshold:.3g} once in 1000 times)"
    )
    photons = float(np.median([sector.photon_noise for sector in descent.sums.sectors]))
    findings = departure_findings(noise.weighted_fit, None)
    common = next((finding.text for finding in findings if finding.kind == Kind.EVERYWHERE), None)
    passed = False
    if not statistic <= threshold or not descent.settled:
        said = (
            f"weights for the noise of speckles lead to other parameters than equal weights {size}: the model does not "
            "describe the decay, and equal weights are kept."
        )
    elif common is not None:
        said = f"equal weights are kept: {common}"
    elif photons > _PHOTONS_ALONE:
        said = (
            f"equal weights are kept: photons make {photons:.2g} times the noise of the speckles, so that neighbouring "
            "pixels share little of it."
        )
    else:
        passed, said = True, f"equal weights lead to the same parameters within the noise {size}."
    return Guard(statistic, degrees, threshold, passed, said)
