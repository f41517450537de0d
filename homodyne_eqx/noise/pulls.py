"""The pulls of single speckles of a map at the parameters of a least-squares fit."""

from typing import final

import numpy as np

from ..engine.normal_equations.sector_slopes import ChannelOfSector, SectorSlopes, SlopesOfBand


@final
class Pulls:
    """The pulls s_k = Σ_{i>j} w_ij A_k,ij ψ_ij of speckles at each parameter, A_k = ∂g2/∂θ_k, and

        ψ_ij = offset · (x_i x_j − β M_ij (1 + x_i + x_j)),

    the first-order noise that a pixel of intensity 1 + x adds to a map of many pixels whose frames are normalised by
    their mean; β is the contrast over the offset. The sum goes over bands of rows, which are added one by one.

    **Arguments:** `slopes`: of the sector; `x`: (n_t, n), one column a speckle, single precision.
    """

    def __init__(self, slopes: SectorSlopes, x: np.ndarray):
        self._slopes, self._x = slopes, x
        n_params = slopes.scaling.shape[1]
        ones = np.ones((1, slopes.n_t), np.float32)
        # Two more rows are for the contrast (A = M) and the offset (A = 1) of the sector.
        of_scaling = (ChannelOfSector("model", np.array([n_params + k]), ones) for k in (0, 1))
        moving = (c._replace(tangents=c.tangents.astype(np.float32)) for c in slopes.channels)
        self._channels = (*moving, *of_scaling)
        self._products = np.zeros((n_params + 2, x.shape[1]))
        self._linear = np.zeros((n_params + 2, slopes.n_t), np.float32)

    def add(self, band: SlopesOfBand, weights: np.ndarray) -> None:
        """Add the pairs of a band. **Arguments:** `weights`: of each of its pairs, 0 where there is none."""
        rows, columns = slice(band.first, band.end), slice(0, band.end)
        scaled = (self._slopes.offset * weights).astype(np.float32)
        M = band.M.astype(np.float32)
        share = np.float32(self._slopes.contrast / self._slopes.offset) * M
        of_all = (*band.slopes, (M, None), (np.float32(1), None))
        for channel, (later, earlier) in zip(self._channels, of_all, strict=True):
            at_pairs = scaled * later
            self._add_product(channel, at_pairs, rows, columns)
            self._add_linear(channel, at_pairs * share, rows, columns)
            if channel.kind == "difference":
                at_pairs = -at_pairs
            elif earlier is not None:
                at_pairs = scaled * earlier
            else:
                continue
            self._add_product(channel, at_pairs.T, columns, rows)
            self._add_linear(channel, (at_pairs * share).T, columns, rows)

    def _add_product(self, channel: ChannelOfSector, at_pairs: np.ndarray, moved: slice, other: slice) -> None:
        """Σ tangents_i x_i (at_pairs x)_i over the frames i that move."""
        x = self._x
        self._products[channel.columns] += channel.tangents[:, moved] @ (x[moved] * (at_pairs @ x[other]))

    def _add_linear(self, channel: ChannelOfSector, at_pairs: np.ndarray, moved: slice, other: slice) -> None:
        """For each frame Σ tangents_i at_pairs_ij over all pairs that it is in."""
        T = channel.tangents[:, moved]
        for row, k in enumerate(channel.columns.tolist()):
            self._linear[k, moved] += T[row] * np.sum(at_pairs, axis=1)
            self._linear[k, other] += T[row] @ at_pairs

    def total(self) -> np.ndarray:
        """The pulls at each parameter, (n_params, n), of all pairs added so far."""
        constant = -np.sum(self._linear, axis=1) / 2
        total = constant[:, None] - self._linear @ self._x + self._products
        n_params = self._slopes.scaling.shape[1]
        return total[:n_params] + self._slopes.scaling.T @ total[n_params:]
