"""The dependence of the parameters of a fit on each other."""

import math
from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np

_DEGENERATE = 0.995
_EQUAL = 0.05
_SMALL = 0.5


@final
class Combination(NamedTuple):
    """Two parameters with a strong correlation.

    - `name`: "sum", "difference", "product" or "ratio"; "" for another one, first + `factor` · second;
    - `value`, `sigma`: of the combination.
    """

    name: str
    factor: float
    value: float
    sigma: float


@final
class Correlation(NamedTuple):
    """Two parameters by name, and the coefficient of their correlation, −1 to 1."""

    first: str
    second: str
    coefficient: float


def correlation_matrix(covariance: np.ndarray) -> np.ndarray:
    """C_ab/√(C_aa C_bb), (n_free, n_free); NaN for parameters at a bound or not determined."""
    variance = np.diagonal(covariance)
    sigma = np.sqrt(np.where(np.isfinite(variance) & (variance > 0), variance, np.nan))
    return covariance / np.outer(sigma, sigma)


def strong_correlations(names: Sequence[str], matrix: np.ndarray, chosen: Sequence[int]) -> list[Correlation]:
    """The pairs of the `chosen` parameters (indices) with a coefficient beyond ± 0.995, in the order of the names."""
    pairs = [(a, b) for a in chosen for b in chosen if a < b and abs(matrix[a, b]) > _DEGENERATE]
    return [Correlation(names[a], names[b], float(matrix[a, b])) for a, b in pairs]


def combination(
    values: tuple[float, float], sigmas: tuple[float, float], coefficient: float, same_unit: bool
) -> Combination:
    """The combination of two parameters that is known best: of those with a name if one does, else of the linear ones.

    **Arguments:** of both parameters the value and 1σ, > 0; the coefficient of their correlation; whether both are in
    the same unit.
    """
    (a, b), (of_a, of_b) = values, sigmas
    if same_unit and _alike(of_a, of_b):
        sign = -math.copysign(1, coefficient)
        name = "sum" if sign > 0 else "difference"
        return Combination(name, sign, a + sign * b, _sigma(of_a, of_b, sign * coefficient))
    if a > 0 and b > 0 and _alike(of_a / a, of_b / b) and of_a < _SMALL * a:
        power = -math.copysign(1, coefficient)
        value = a * b**power
        return Combination(
            "product" if power > 0 else "ratio", power, value, value * _sigma(of_a / a, of_b / b, power * coefficient)
        )
    factor = -coefficient * of_a / of_b
    return Combination("", factor, a + factor * b, of_a * math.sqrt(max(1 - coefficient**2, 0)))


def _alike(a: float, b: float) -> bool:
    return abs(math.log(a / b)) < _EQUAL


def _sigma(of_a: float, of_b: float, coefficient: float) -> float:
    """1σ of a sum of two correlated numbers."""
    return math.sqrt(max(of_a**2 + of_b**2 + 2 * coefficient * of_a * of_b, 0))
