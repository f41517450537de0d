"""The pull of one speckle of a map at the parameters of a least-squares fit."""

from typing import NamedTuple, final

import numpy as np

from ..engine.normal_equations.sector_slopes import SectorSlopes, SlopesOfChannel


@final
class PullOfChannel(NamedTuple):
    """One channel's share in the pulls, s_k = Σ_i tangents_ki x_i (matrix x)_i.

    `matrix`, (n_t, n_t), has offset · w_ij A_k,ij = tangents_ki matrix_ij + tangents_kj matrix_ji; `columns` and
    `tangents`: of the parameters k that the channel moves with, (n_columns,) and (n_columns, n_t).
    """

    columns: np.ndarray
    tangents: np.ndarray
    matrix: np.ndarray

    def of(self, x: np.ndarray) -> np.ndarray:
        """(n_columns, n) from intensities (n_t, n)."""
        return self.tangents @ (x * (self.matrix @ x))

    def by_frame(self, factor: np.ndarray) -> np.ndarray:
        """For each frame the sum of factor · what moves, over all pairs that it is in, (n_columns, n_t).

        **Arguments:** `factor`: of each pair, (n_t, n_t), symmetric.
        """
        T, matrix = self.tangents, self.matrix * factor
        return T * np.sum(matrix, 1) + T @ matrix


@final
class Pulls(NamedTuple):
    """The pull s_k = Σ_{i>j} w_ij A_k,ij ψ_ij of one speckle at each parameter, A_k = ∂g2/∂θ_k, and

        ψ_ij = offset · (x_i x_j − β M_ij (1 + x_i + x_j)),

    the first-order noise that a pixel of intensity 1 + x adds to a map of many pixels whose frames are normalised by
    their mean; β is the contrast over the offset.

    - `channels`: of the parameters, and two more rows for the contrast (A = M) and the offset (A = 1) of the sector;
    - `linear`: of x in s, (n_params + 2, n_t); `constant`: (n_params + 2,);
    - `scaling`: ∂(contrast, offset)/∂θ, (2, n_params).
    """

    channels: tuple[PullOfChannel, ...]
    linear: np.ndarray
    constant: np.ndarray
    scaling: np.ndarray

    def of(self, x: np.ndarray) -> np.ndarray:
        """(n_params, n) from intensities (n_t, n)."""
        total = self.constant[:, None] - self.linear @ x
        for channel in self.channels:
            total[channel.columns] += channel.of(x)
        n_params = self.scaling.shape[1]
        return total[:n_params] + self.scaling.T @ total[n_params:]


def pulls_of_sector(slopes: SectorSlopes, weights: np.ndarray) -> Pulls:
    """**Arguments:** `weights`: of each pair, (n_t, n_t), strictly lower triangular, 0 where there is none."""
    n_rows = slopes.scaling.shape[1] + 2
    linear, channels = np.zeros((n_rows, len(weights)), np.float32), []
    scaled = (slopes.offset * weights).astype(np.float32)
    share = (slopes.contrast / slopes.offset * slopes.M).astype(np.float32)  # β M
    for channel in (*slopes.channels, *_of_scaling(slopes)):
        matrix = scaled * channel.later
        if channel.kind == "difference":
            matrix -= matrix.T
        elif channel.earlier is not None:
            matrix += (scaled * channel.earlier).T
        channels.append(PullOfChannel(channel.columns, channel.tangents.astype(np.float32), matrix))
        linear[channel.columns] += channels[-1].by_frame(share)
    return Pulls(tuple(channels), linear, -np.sum(linear, 1) / 2, slopes.scaling.astype(np.float32))


def _of_scaling(slopes: SectorSlopes) -> tuple[SlopesOfChannel, ...]:
    """The contrast and the offset of the sector as channels, numbered after the parameters; of all pairs."""
    n_t, n_params = len(slopes.M), slopes.scaling.shape[1]
    ones = np.ones((1, n_t), np.float32)
    maps = slopes.M.astype(np.float32), np.ones((n_t, n_t), np.float32)
    return tuple(
        SlopesOfChannel("model", np.array([n_params + k]), ones, at_pairs, None) for k, at_pairs in enumerate(maps)
    )
