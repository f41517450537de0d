"""Generalised least squares within one sector: weights that make the correlated noise of its map independent."""

from typing import NamedTuple, final

import numpy as np

from .directions import Directions, without_diagonal
from .whitening import Whitening


@final
class WeightedStep(NamedTuple):
    """A map of the sector seen along directions, each weighted by the inverse of the correlations of the noise.

    - `weighted`: W A′ W of the directions A, 0 where there are no data, (n_directions, n, n);
    - `linear`, `offset`: of the pulls; `overlap`: Σ weighted · A over the pairs, (n_directions, n_directions);
    - `along`: the directions of the parameters; `inverse`: the pseudo-inverse of their overlap; `white`.
    """

    weighted: np.ndarray
    linear: np.ndarray
    offset: float
    overlap: np.ndarray
    along: np.ndarray
    inverse: np.ndarray
    white: Whitening

    def vector(self, values: np.ndarray) -> np.ndarray:
        """Σ weighted · values over the pairs, (n_directions,)."""
        return np.tensordot(self.weighted, values, 2) / 2

    def pulls(self, x: np.ndarray) -> np.ndarray:
        """The pulls of single speckles, (n_directions, n_speckles), from their intensities 1 + x, (n, n_speckles)."""
        return self.offset * np.sum((self.weighted @ x) * x, axis=1) / 2 - self.linear @ x

    def left_over(self, values: np.ndarray) -> np.ndarray:
        """A map (n, n) without the part that a change of the parameters can explain."""
        n_active = len(self.along)
        shift = self.inverse @ self.vector(values)[:n_active]
        return values - np.tensordot(shift, self.along, 1)


def weighted_step(
    directions: Directions, white: Whitening, excess: np.ndarray, offset: float, counts: np.ndarray
) -> WeightedStep:
    """**Arguments:** `excess`: g2 − offset; `counts`: the pairs that carry data, both over the bins, (n, n)."""
    n_active = directions.active.size
    weighted = white.weighted(directions.maps) * (counts > 0)
    overlap = np.tensordot(weighted, directions.maps, ((1, 2), (1, 2))) / 2
    inverse = (
        np.linalg.pinv(overlap[:n_active, :n_active], rcond=1e-10, hermitian=True) if n_active else np.zeros((0, 0))
    )
    linear = np.sum(weighted * without_diagonal(excess), axis=2)
    return WeightedStep(weighted, linear, offset, overlap, directions.maps[:n_active], inverse, white)
