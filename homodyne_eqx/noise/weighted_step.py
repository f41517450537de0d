"""A step of generalised least squares within one sector, and what it leaves of a map."""

from typing import NamedTuple, final

import numpy as np

from ..engine.normal_equations.sector_slopes import SectorSlopes
from .binning import FrameBins
from .whitening import Whitening

MOST_DIRECTIONS = 64


@final
class WeightedStep(NamedTuple):
    """Directions of the parameters in a sector, weighted by the inverse of the correlations of its noise.

    - `active`: the parameters that move this sector; `weighted`: W A′ W of their directions A, (n_active, n, n);
    - `excess`: offset · β M, (n, n), diagonal 0; `offset`;
    - `normal`: Σ weighted · A, (n_active, n_active); `inverse`: its pseudo-inverse; `white`.
    """

    active: np.ndarray
    weighted: np.ndarray
    linear: np.ndarray
    offset: float
    normal: np.ndarray
    inverse: np.ndarray
    white: Whitening

    def vector(self, values: np.ndarray) -> np.ndarray:
        """Σ weighted · values over the pairs, (…, n_active)."""
        return np.einsum("kij,...ij->...k", self.weighted, values) / 2

    def pulls(self, x: np.ndarray) -> np.ndarray:
        """The pulls of single speckles, (n_active, n_speckles), from their intensities, (n, n_speckles)."""
        return self.offset * np.sum((self.weighted @ x) * x, axis=1) / 2 - self.linear @ x

    def left_over(self, values: np.ndarray) -> float:
        """The quadratic form of a map, without what a change of the parameters can account for."""
        vector = self.vector(values)
        return float(self.white.form(values, self.white.weighted(values)) - vector @ self.inverse @ vector)


def weighted_step(slopes: SectorSlopes, bins: FrameBins, white: Whitening, M: np.ndarray) -> WeightedStep:
    """**Arguments:** `M`: over the bins. Without directions where there are more than 64 parameters."""
    active, directions = _directions(slopes, bins)
    weighted = white.weighted(directions) if active.size else directions
    normal = np.einsum("kij,lij->kl", weighted, directions) / 2
    inverse = np.linalg.pinv(normal, rcond=1e-10, hermitian=True) if active.size else normal
    linear = np.sum(weighted * without_diagonal(slopes.contrast * M), axis=2)
    return WeightedStep(active, weighted, linear, slopes.offset, normal, inverse, white)


def _directions(slopes: SectorSlopes, bins: FrameBins) -> tuple[np.ndarray, np.ndarray]:
    """The parameters that move the sector, and ∂g2/∂θ by them over the bins, (n_active, n, n), diagonal 0."""
    n_t = len(slopes.M)
    moved = {int(k) for channel in slopes.channels for k in channel.columns} | set(
        np.flatnonzero(np.any(slopes.scaling != 0, axis=0)).tolist()
    )
    active = np.array(sorted(moved), int)
    if active.size > MOST_DIRECTIONS:
        active = active[:0]
    maps = np.zeros((active.size, bins.n, bins.n))
    lower = np.tri(n_t, k=-1)
    for position, k in enumerate(active):
        total = slopes.scaling[0, k] * np.tril(slopes.M, -1) + slopes.scaling[1, k] * lower
        for channel in slopes.channels:
            for column in np.flatnonzero(channel.columns == k):
                total = total + channel.at_pairs(int(column))
        maps[position] = without_diagonal(bins.of_map(np.where(np.isfinite(total), total, 0) + total.T))
    return active, maps


def without_diagonal(values: np.ndarray) -> np.ndarray:
    """A square map with 0 on its diagonal."""
    return values * (1 - np.eye(len(values)))
