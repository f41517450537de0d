"""How one speckle of a map pulls at the parameters of a least-squares fit."""

from typing import NamedTuple, final

import numpy as np

from ..engine.normal_equations.sector_slopes import SectorSlopes, SlopesOfChannel


@final
class PullOfChannel(NamedTuple):
    """One channel's share in the pulls: s_k = Σ_i tangents_ki x_i (matrix x)_i + Σ_j tangents_kj x_j (other x)_j."""

    columns: np.ndarray
    tangents: np.ndarray
    matrix: np.ndarray
    other: np.ndarray | None


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
            total[channel.columns] += channel.tangents @ (x * (channel.matrix @ x))
            if channel.other is not None:
                total[channel.columns] += channel.tangents @ (x * (channel.other @ x))
        n_params = self.scaling.shape[1]
        return total[:n_params] + self.scaling.T @ total[n_params:]


def pulls_of_sector(slopes: SectorSlopes, weights: np.ndarray) -> Pulls:
    """**Arguments:** `weights`: of each pair, (n_t, n_t), strictly lower triangular, 0 where there is none."""
    n_rows = slopes.scaling.shape[1] + 2
    linear, constant, channels = np.zeros((n_rows, len(weights))), np.zeros(n_rows), []
    excess = slopes.contrast * np.tril(slopes.M, -1)  # offset · β M
    for channel in (*slopes.channels, *_of_scaling(slopes)):
        scaled = slopes.offset * weights
        later = scaled * channel.later
        other = None if channel.earlier is None else np.ascontiguousarray((scaled * channel.earlier).T, np.float32)
        matrix = later - later.T if channel.kind == "difference" else later
        channels.append(
            PullOfChannel(channel.columns, channel.tangents.astype(np.float32), matrix.astype(np.float32), other)
        )
        by_frame = channel.sums(weights * excess)
        linear[channel.columns] += by_frame
        constant[channel.columns] -= np.sum(by_frame, 1) / 2
    return Pulls(
        tuple(channels), linear.astype(np.float32), constant.astype(np.float32), slopes.scaling.astype(np.float32)
    )


def _of_scaling(slopes: SectorSlopes) -> tuple[SlopesOfChannel, ...]:
    """The contrast and the offset of the sector as channels, numbered after the parameters."""
    n_t, n_params = len(slopes.M), slopes.scaling.shape[1]
    ones = np.ones((1, n_t))
    maps = np.tril(slopes.M, -1), np.tri(n_t, k=-1)
    return tuple(
        SlopesOfChannel("model", np.array([n_params + k]), ones, at_pairs, None) for k, at_pairs in enumerate(maps)
    )
