"""How the parameters of a fit depend on each other."""

from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np

_DEGENERATE = 0.995


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
