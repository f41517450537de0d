"""A relaxation rate in each sector beside q: the diffusion coefficient, and the exponent of q."""

from dataclasses import dataclass
from typing import final

import numpy as np

from ..data.selection import sector_arrays
from ..fit import FitResult
from ..fit.result.numbers import number_texts

_RATE = "relaxation.rate"
_FEWEST = 2


@final
@dataclass(frozen=True)
class RateLaw:
    """Γ = D q², and Γ = D q^exponent · q̄^(2 − exponent), from the rates of the sectors with their covariance.

    - `q`: Å⁻¹; `rate`, `uncertainty`: Γ, 1/s, of the sectors whose rate is determined, (n,);
    - `D`, `D_uncertainty`: the diffusion coefficient for Γ = D q², Å²/s (Stokes–Einstein: the field decays as
      exp(−q² D τ)); `chi2`: of that law over the rates, of n − 1 degrees of freedom;
    - `exponent`, `exponent_uncertainty`: of q where it is free, 2 for diffusion; NaN for a single q;
    - `left_out`: numbers of the sectors whose rate is not determined or at a bound.
    """

    q: np.ndarray
    rate: np.ndarray
    uncertainty: np.ndarray
    D: float
    D_uncertainty: float
    chi2: float
    exponent: float
    exponent_uncertainty: float
    left_out: tuple[int, ...] = ()

    def __str__(self) -> str:
        value, sigma = number_texts(self.D, self.D_uncertainty)
        said = f"Γ = D q²: D = {value} ± {sigma} Å²/s (χ² = {self.chi2:.3g} of {len(self.q) - 1} degrees of freedom)"
        if np.isfinite(self.exponent):
            value, sigma = number_texts(self.exponent, self.exponent_uncertainty)
            said += f"; with a free exponent Γ ∝ q^({value} ± {sigma})"
        if self.left_out:
            said += f"; without sectors {', '.join(map(str, self.left_out))}, whose rate is not determined"
        return said


def rate_law(result: FitResult, name: str = _RATE) -> RateLaw:
    """The law Γ(q) of a fit with one relaxation rate for each sector, `Relaxation(PerSector(…))`.

    **Arguments:** `name`: of the rate, as in `result.parameters`, without the number of the sector.

    **Raises:** `ValueError` for a result without data, without such rates, or with fewer than two that are determined.
    """
    if result.data is None:
        raise ValueError("This result holds no data, so the q of its sectors are not known. Fit the data themselves.")
    n = result.data.geometry.n_sector
    names = [f"{name}[{k}]" for k in range(n)]
    absent = [each for each in names if each not in result.parameters]
    if absent:
        raise ValueError(
            f"The model has no parameter {absent[0]}; expected one rate for each of {n} sectors, as of "
            "Relaxation(PerSector(…)). Pass its name, one of: " + ", ".join(result.parameters) + "."
        )
    values = np.array([result.parameters[each].value for each in names])
    free = list(result.free_names)
    if not set(names) <= {*free}:
        raise ValueError(f"{name} is fixed; expected rates that were fitted.")
    places = [free.index(each) for each in names]
    return law_of(sector_arrays(result.data.geometry)[0], values, result.covariance[np.ix_(places, places)])


def law_of(q: np.ndarray, rates: np.ndarray, covariance: np.ndarray) -> RateLaw:
    """The same from q (Å⁻¹), rates (1/s) and their covariance, infinite or NaN for those that are not determined."""
    sigma = np.sqrt(np.diagonal(covariance))
    kept = np.isfinite(sigma) & (sigma > 0) & (rates > 0)
    if np.count_nonzero(kept) < _FEWEST:
        raise ValueError(f"{np.count_nonzero(kept)} rates are determined; expected at least {_FEWEST}.")
    q, rates, covariance = np.asarray(q, float)[kept], rates[kept], covariance[np.ix_(kept, kept)]
    (D,), of_D, chi2 = _least_squares((q**2)[:, None], rates, covariance)
    exponent, of_exponent = np.nan, np.nan
    if np.ptp(q) > 1e-9 * q[0]:
        rows = np.stack([np.ones_like(q), np.log(q / np.exp(np.mean(np.log(q))))], axis=1)
        found, spread, _ = _least_squares(rows, np.log(rates), covariance / np.outer(rates, rates))
        exponent, of_exponent = float(found[1]), float(np.sqrt(spread[1, 1]))
    left_out = tuple(np.flatnonzero(~kept).tolist())
    return RateLaw(q, rates, sigma[kept], float(D), float(np.sqrt(of_D[0, 0])), chi2, exponent, of_exponent, left_out)


def _least_squares(rows: np.ndarray, y: np.ndarray, covariance: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """The parameters of a linear law, their covariance, and χ², with the covariance of the data."""
    scale = np.sqrt(np.diagonal(covariance))
    root = np.linalg.cholesky(covariance / np.outer(scale, scale))
    rows, y = np.linalg.solve(root, rows / scale[:, None]), np.linalg.solve(root, y / scale)
    spread = np.linalg.inv(rows.T @ rows)
    found = spread @ rows.T @ y
    return found, spread, float(np.sum((y - rows @ found) ** 2))
