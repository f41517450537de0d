"""The covariance of the parameters for independent noise of the pairs of frames: the inverse of the normal matrix."""

from typing import NamedTuple

import numpy as np

from ..solve.quadratic import Quadratic, diagonal_of, smallest_usable


class Inverse(NamedTuple):
    """N⁻¹ taken apart: of the parameters that are not at a bound, in units of 1/√N_kk, by eigenvalue."""

    inside: np.ndarray
    length: np.ndarray
    values: np.ndarray
    vectors: np.ndarray
    usable: np.ndarray

    @property
    def pseudo_inverse(self) -> np.ndarray:
        """N⁻¹ over the parameters inside, (n_inside, n_inside), without what the data do not determine."""
        vectors, values = self.vectors[:, self.usable], self.values[self.usable]
        return (vectors / values) @ vectors.T / np.outer(self.length, self.length)

    @property
    def embedded(self) -> np.ndarray:
        """N⁻¹ over all parameters, 0 for those at a bound and for what the data do not determine."""
        whole = np.zeros((len(self.inside), len(self.inside)))
        whole[np.ix_(self.inside, self.inside)] = self.pseudo_inverse
        return whole

    def variance(self, slope: np.ndarray) -> float:
        """The variance of slope · parameters; infinite if it leans on what the data do not determine."""
        scaled = self.vectors.T @ (slope[self.inside] / self.length)
        unknown = np.linalg.norm(scaled[~self.usable])
        if unknown > 1e-6 * max(np.linalg.norm(scaled), 1e-300):
            return np.inf
        return float(np.sum(scaled[self.usable] ** 2 / self.values[self.usable]))


def inverse(normal: Quadratic, at_bound: np.ndarray) -> Inverse:
    """N⁻¹ over the parameters that are not at a bound; NaN where N is not finite."""
    inside = ~at_bound
    length = np.sqrt(diagonal_of(normal))[inside]
    scaled = normal.matrix[np.ix_(inside, inside)] / np.outer(length, length)
    if not normal.is_finite:
        values, vectors = np.full(len(scaled), np.nan), np.full_like(scaled, np.nan)
        return Inverse(inside, length, values, vectors, np.full(len(scaled), True))
    values, vectors = np.linalg.eigh(scaled)
    return Inverse(inside, length, values, vectors, values > smallest_usable(values, normal.eps))


def covariance(normal: Quadratic, at_bound: np.ndarray) -> np.ndarray:
    """N⁻¹ over the parameters that are not at a bound; infinite variance for what the data do not determine.

    NaN in the rows and columns of parameters at a bound, and everywhere where N is not finite.
    """
    out = np.full(normal.matrix.shape, np.nan)
    found = inverse(normal, at_bound)
    inside, matrix = found.inside, found.pseudo_inverse
    unknown = np.any(np.abs(found.vectors[:, ~found.usable]) > 1e-3, axis=1)
    lost = unknown | (np.diagonal(normal.matrix)[inside] == 0)
    matrix[lost, lost] = np.inf
    out[np.ix_(inside, inside)] = matrix
    return out


def square_root(variance: np.ndarray) -> np.ndarray:
    """R with R Rᵀ = `variance`, (n, n), symmetric and without negative eigenvalues but for rounding; NaN where a
    variance is negative or not finite."""
    diagonal = np.diagonal(variance)
    if not np.all(np.isfinite(variance)) or np.any(diagonal < 0):
        return np.full_like(variance, np.nan)
    length = np.sqrt(np.where(diagonal > 0, diagonal, 1))
    values, vectors = np.linalg.eigh(variance / np.outer(length, length))
    return length[:, None] * vectors * np.sqrt(np.maximum(values, 0))
