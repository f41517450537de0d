"""Whether the data sets of a joint fit agree on the parameters that they share."""

from dataclasses import dataclass
from typing import final

import numpy as np

from ..fit.result.numbers import number_texts
from ..fit.verdict.departures import chi2_limit
from .joint_noise import JointNoise

_LEAST_SHARE = 0.02


@final
@dataclass(frozen=True)
class Agreement:
    """Comparison of the shared parameters from one data set alone with those from all data sets together.

    - `label`: of the data set; `chi2`, `degrees`: of the difference, with its covariance under the noise of speckles;
      0 of 0 where the data set alone determines none of them;
    - `limit`: the value that χ² exceeds once in 30 000 times; `parameter`: the one that differs most, `alone` ±
      `uncertainty` by itself, `together` in the joint fit, `distance` standard deviations apart.
    """

    label: str
    chi2: float = 0.0
    degrees: int = 0
    limit: float = 0.0
    parameter: str = ""
    unit: str = ""
    alone: float = np.nan
    uncertainty: float = np.nan
    together: float = np.nan
    distance: float = 0.0

    @property
    def agrees(self) -> bool:
        return not self.chi2 > self.limit

    def __str__(self) -> str:
        if not self.degrees:
            return f"alone, {self.label} determines none of the shared parameters."
        value, sigma = number_texts(self.alone, self.uncertainty)
        other, _ = number_texts(self.together, self.uncertainty)
        unit = f" {self.unit}" if self.unit else ""
        verb = "agree" if self.agrees else "do not agree"
        return (
            f"alone, {self.label} has {self.parameter} = {value} ± {sigma}{unit}, together they have {other}: they "
            f"{verb} (χ² {self.chi2:.3g} of {self.degrees} degrees of freedom)."
        )


def agreement(
    label: str, k: int, noise: JointNoise, alone: np.ndarray, together: np.ndarray, names: list[str], units: list[str],
    shared: np.ndarray,
) -> Agreement:  # fmt: skip
    """The agreement of data set k with the joint fit, to first order in the difference.

    **Arguments:** `alone`: the free parameters that the data set by itself leads to, in the places of the joint fit,
    (n_free,), NaN where it does not determine them or does not have them; `together`: those of the joint fit; `shared`:
    which of them are shared.
    """
    own, all_of = noise.own_inverse(k), noise.inverse
    difference = own - all_of
    covariance = difference @ (noise.pulls[k] + noise.prior_information) @ difference
    for m, pulls in enumerate(noise.pulls):
        covariance = covariance + (all_of @ pulls @ all_of if m != k else 0)
    size = np.sqrt(np.diagonal(own @ (noise.pulls[k] + noise.prior_information) @ own))
    known = shared & np.isfinite(alone) & (size > 0) & np.isfinite(size)
    if not np.any(known):
        return Agreement(label)
    apart = (alone - together)[known] / size[known]
    scaled = covariance[np.ix_(known, known)] / np.outer(size[known], size[known])
    values, vectors = np.linalg.eigh(scaled)
    told = values > _LEAST_SHARE
    along = (vectors.T @ apart)[told]
    chi2, degrees = float(np.sum(along**2 / values[told])), int(np.count_nonzero(told))
    own_size = np.sqrt(np.maximum(np.diagonal(scaled), _LEAST_SHARE))
    worst = int(np.argmax(np.abs(apart) / own_size))
    at = int(np.flatnonzero(known)[worst])
    return Agreement(
        label,
        chi2,
        degrees,
        chi2_limit(degrees),
        names[at],
        units[at],
        float(alone[at]),
        float(size[at]),
        float(together[at]),
        float(abs(apart[worst]) / own_size[worst]),
    )
