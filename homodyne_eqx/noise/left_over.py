"""How much noise a residual map holds, beside what a change of the parameters can account for."""

from typing import NamedTuple, final

import numpy as np

from ..engine.normal_equations.sector_slopes import SectorSlopes
from .binning import FrameBins
from .whitening import Whitening

MOST_DIRECTIONS = 64


@final
class LeftOver(NamedTuple):
    """The quadratic form of a map that gives every independent contribution the same weight, without the directions in
    which the parameters move the map.

    - `weighted`: W A′ W of these directions A, (n_directions, n, n); `inverse`: the pseudo-inverse of Σ weighted · A;
    - `white`: the weights.
    """

    weighted: np.ndarray
    inverse: np.ndarray
    white: Whitening

    def of(self, values: np.ndarray) -> float:
        """The form of a symmetric map, (n, n), with 0 on its diagonal."""
        along = np.einsum("kij,ij->k", self.weighted, values) / 2
        return float(self.white.form(values, self.white.weighted(values)) - along @ self.inverse @ along)


def left_over(slopes: SectorSlopes, bins: FrameBins, white: Whitening) -> LeftOver:
    """For maps over the bins. More than 64 parameters of a sector are not taken out: they are few beside the pairs."""
    directions = _directions(slopes, bins)
    weighted = white.weighted(directions) if len(directions) else directions
    normal = np.einsum("kij,lij->kl", weighted, directions) / 2
    inverse = np.linalg.pinv(normal, rcond=1e-10, hermitian=True) if len(directions) else normal
    return LeftOver(weighted, inverse, white)


def _directions(slopes: SectorSlopes, bins: FrameBins) -> np.ndarray:
    """∂g2/∂θ by the parameters that move the sector, over the bins, (n_directions, n, n), diagonal 0."""
    n_t = len(slopes.M)
    moved = {int(k) for channel in slopes.channels for k in channel.columns} | set(
        np.flatnonzero(np.any(slopes.scaling != 0, axis=0)).tolist()
    )
    if len(moved) > MOST_DIRECTIONS:
        return np.zeros((0, bins.n, bins.n))
    maps, lower = np.zeros((len(moved), bins.n, bins.n)), np.tri(n_t, k=-1)
    for position, k in enumerate(sorted(moved)):
        total = slopes.scaling[0, k] * np.tril(slopes.M, -1) + slopes.scaling[1, k] * lower
        for channel in slopes.channels:
            for column in np.flatnonzero(channel.columns == k):
                total = total + channel.at_pairs(int(column))
        maps[position] = without_diagonal(bins.of_map(total + total.T))
    return maps


def without_diagonal(values: np.ndarray) -> np.ndarray:
    """A square map with 0 on its diagonal."""
    return values * (1 - np.eye(len(values)))
