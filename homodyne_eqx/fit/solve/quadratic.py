"""χ² around the parameters to second order, and what it says of them: what is left to gain, what lies on a bound."""

from typing import NamedTuple

import numpy as np

from ...engine import NormalEquations

UNDETERMINED = 1e6
_AT_BOUND = 1e-3


class Quadratic(NamedTuple):
    """The normal equations on the host, in double precision: χ² around the parameters, to second order."""

    matrix: np.ndarray
    vector: np.ndarray
    chi2: float

    @property
    def is_finite(self) -> bool:
        """Whether χ² and its derivatives are numbers."""
        return bool(np.all(np.isfinite(self.matrix)) and np.all(np.isfinite(self.vector)) and np.isfinite(self.chi2))


def expected_decrease(limits: tuple[np.ndarray, ...], parameters: np.ndarray, normal: Quadratic) -> float:
    """By how much χ² would fall at the minimum of its quadratic model, gᵀN⁻¹g.

    Over the parameters that the data determine and that are not at a bound.

    **Arguments:** `limits`: lower bounds, upper bounds and magnitudes of the parameters, as for `parameters_at_bound`.
    """
    inside = ~parameters_at_bound(*limits, parameters, normal) & _determined(limits[2], normal)
    d = np.sqrt(diagonal_of(normal))[inside]
    g = normal.vector[inside] / d
    scaled = normal.matrix[np.ix_(inside, inside)] / np.outer(d, d)
    values, vectors = np.linalg.eigh(scaled)
    usable = values > smallest_usable(values)
    return float(np.sum((vectors.T @ g)[usable] ** 2 / values[usable]))


def parameters_at_bound(
    low: np.ndarray, high: np.ndarray, magnitude: np.ndarray, parameters: np.ndarray, normal: Quadratic
) -> np.ndarray:
    """Which parameters lie on a bound (within 1e-3 of their own uncertainty) while χ² still falls beyond it.

    One whose uncertainty exceeds a million times its `magnitude` (the start) is undetermined, not at a bound.
    """
    margin = np.where(_determined(magnitude, normal), _AT_BOUND / np.sqrt(diagonal_of(normal)), 0)
    return ((parameters - low < margin) & (normal.vector > 0)) | ((high - parameters < margin) & (normal.vector < 0))


def _determined(magnitude: np.ndarray, normal: Quadratic) -> np.ndarray:
    """Which parameters the data determine at all, all others fixed."""
    return (magnitude == 0) | (1 / np.sqrt(diagonal_of(normal)) < UNDETERMINED * np.abs(magnitude))


def smallest_usable(values: np.ndarray) -> float:
    """The least eigenvalue of scaled normal equations that is more than rounding."""
    return 10 * values.size * np.finfo(float).eps * max(float(values[-1]), 0.0) if values.size else 0.0


def diagonal_of(normal: Quadratic) -> np.ndarray:
    """The diagonal of the matrix, 1 where a parameter has no effect."""
    diagonal = np.diagonal(normal.matrix)
    return np.where(diagonal > 0, diagonal, 1.0)


def on_host(normal: NormalEquations) -> Quadratic:
    """The normal equations as NumPy arrays of double precision."""
    return Quadratic(np.asarray(normal.matrix, float), np.asarray(normal.vector, float), float(normal.chi2))
