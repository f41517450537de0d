"""χ² around the parameters to second order: the decrease that is left, and the parameters on a bound."""

from typing import NamedTuple

import jax.numpy as jnp
import numpy as np

from ...engine import NormalEquations

_UNDETERMINED = 0.015
_AT_BOUND = 1e-3


class Quadratic(NamedTuple):
    """The normal equations on the host, in double precision: χ² around the parameters, to second order.

    `eps`: the rounding of the precision that they were summed in.
    """

    matrix: np.ndarray
    vector: np.ndarray
    chi2: float
    eps: float = float(np.finfo(float).eps)

    @property
    def is_finite(self) -> bool:
        """Whether χ² and its derivatives are numbers."""
        return bool(np.all(np.isfinite(self.matrix)) and np.all(np.isfinite(self.vector)) and np.isfinite(self.chi2))


def expected_decrease(
    limits: tuple[np.ndarray, ...], parameters: np.ndarray, normal: Quadratic, exactly: bool = False
) -> float:
    """The decrease of χ² from here to the minimum of its quadratic model, gᵀN⁻¹g.

    Over the parameters that the data determine and that are not at a bound.

    **Arguments:** `limits`: lower bounds, upper bounds and starts of the parameters; `exactly`: as for
    `parameters_at_bound`.
    """
    at_bound = parameters_at_bound(*limits, parameters, normal, exactly)
    inside = ~at_bound & determined(limits[2], parameters, 1 / np.sqrt(diagonal_of(normal)), normal.eps)
    d = np.sqrt(diagonal_of(normal))[inside]
    g = normal.vector[inside] / d
    scaled = normal.matrix[np.ix_(inside, inside)] / np.outer(d, d)
    values, vectors = np.linalg.eigh(scaled)
    usable = values > smallest_usable(values, normal.eps)
    return float(np.sum((vectors.T @ g)[usable] ** 2 / values[usable]))


def parameters_at_bound(
    low: np.ndarray,
    high: np.ndarray,
    start: np.ndarray,
    parameters: np.ndarray,
    normal: Quadratic,
    exactly: bool = False,
) -> np.ndarray:
    """The parameters on a bound beyond which χ² still falls.

    **Arguments:** `exactly`: on the bound itself, where the solver ends exactly there; else also within 1e-3 of their
    own uncertainty, if the data determine them.
    """
    length = 1 / np.sqrt(diagonal_of(normal))
    near = np.where(determined(start, parameters, length, normal.eps), _AT_BOUND * length, 0)
    margin = np.zeros_like(near) if exactly else near
    return ((parameters - low <= margin) & (normal.vector > 0)) | ((high - parameters <= margin) & (normal.vector < 0))


def determined(start: np.ndarray, parameters: np.ndarray, uncertainty: np.ndarray, eps: float) -> np.ndarray:
    """The parameters whose uncertainty is not out of all proportion to their magnitude.

    The magnitude is that of the start or of the value, whichever is larger; for a start at 0, at least 1. The
    proportion is a million in double precision and 43 in single precision.
    """
    magnitude = np.maximum(np.abs(parameters), np.where(start == 0, 1.0, np.abs(start)))
    return ~(uncertainty > _UNDETERMINED / np.sqrt(eps) * magnitude)


def smallest_usable(values: np.ndarray, eps: float = float(np.finfo(float).eps)) -> float:
    """The least eigenvalue of scaled normal equations that is more than rounding; `eps`: of their precision."""
    return 10 * values.size * eps * max(float(values[-1]), 0.0) if values.size else 0.0


def diagonal_of(normal: Quadratic) -> np.ndarray:
    """The diagonal of the matrix, 1 where a parameter has no effect."""
    diagonal = np.diagonal(normal.matrix)
    return np.where(diagonal > 0, diagonal, 1.0)


def unit_of_step(parameters: np.ndarray, normal: Quadratic) -> np.ndarray:
    """The change of each parameter that changes √χ² by 1, at most its own size or 1."""
    return np.minimum(1 / np.sqrt(diagonal_of(normal)), np.maximum(np.abs(parameters), 1.0))


def on_host(normal: NormalEquations) -> Quadratic:
    """The normal equations as NumPy arrays of double precision, with the rounding of their own."""
    eps = float(jnp.finfo(normal.matrix.dtype).eps)
    return Quadratic(np.asarray(normal.matrix, float), np.asarray(normal.vector, float), float(normal.chi2), eps)
