"""How one speckle of a map pulls at the parameters of a least-squares fit."""

from typing import NamedTuple, final

import numpy as np

from ..engine.normal_equations.sector_slopes import SectorSlopes, SlopesOfChannel

OWN = ("contrast", "offset", "rate")
"""What is compared from sector to sector beside the parameters: directions in which a sector may differ."""


@final
class PullOfChannel(NamedTuple):
    """One channel's share in the pulls: s_k = Σ_i tangents_ki x_i (matrix x)_i + Σ_j tangents_kj x_j (other x)_j."""

    columns: np.ndarray
    tangents: np.ndarray
    matrix: np.ndarray
    other: np.ndarray | None


@final
class Pulls(NamedTuple):
    """The pull s_k = Σ_{i>j} w_ij A_k,ij ψ_ij of one speckle in the direction A_k, and

        ψ_ij = offset · (x_i x_j − β M_ij (1 + x_i + x_j)),

    the first-order noise that a pixel of intensity 1 + x adds to a map of many pixels whose frames are normalised by
    their mean; β is the contrast over the offset.

    The directions are the parameters, A_k = ∂g2/∂θ_k, and after them those in which this sector alone may differ: its
    contrast (A = M), its offset (A = 1), and the rate of its decay (A = contrast · M ln M).

    - `channels`; `linear`: of x in s, (n_directions, n_t); `constant`: (n_directions,);
    - `scaling`: ∂(contrast, offset)/∂θ, (2, n_params);
    - `overlap`: Σ w A_own A_k, (3, n_params), of the own directions with the parameters; `norm`: Σ w A_own A_own,
      (3, 3).
    """

    channels: tuple[PullOfChannel, ...]
    linear: np.ndarray
    constant: np.ndarray
    scaling: np.ndarray
    overlap: np.ndarray
    norm: np.ndarray

    def of(self, x: np.ndarray) -> np.ndarray:
        """(n_directions, n) from intensities (n_t, n)."""
        total = self.constant[:, None] - self.linear @ x
        n_params = self.scaling.shape[1]
        for channel in self.channels:
            quadratic = channel.tangents @ (x * (channel.matrix @ x))
            if channel.other is not None:
                quadratic += channel.tangents @ (x * (channel.other @ x))
            total[channel.columns] += quadratic
            own = channel.columns[0] - n_params
            if own in (0, 1):
                total[:n_params] += self.scaling[own][:, None] * quadratic
        return total


def pulls_of_sector(slopes: SectorSlopes, weights: np.ndarray) -> Pulls:
    """**Arguments:** `weights`: of each pair, (n_t, n_t), strictly lower triangular, 0 where there is none."""
    n_t, n_params = len(weights), slopes.scaling.shape[1]
    n_directions = n_params + len(OWN)
    linear, constant, channels = np.zeros((n_directions, n_t)), np.zeros(n_directions), []
    excess = slopes.contrast * np.tril(slopes.M, -1)  # offset · β M
    own = own_directions(slopes)
    overlap, norm = np.zeros((len(OWN), n_params)), np.zeros((len(OWN), len(OWN)))
    for channel in (*slopes.channels, *own):
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
        for a, direction in enumerate(own):
            along = np.sum(channel.sums(weights * direction.later), 1) / 2
            if channel.columns[0] < n_params:
                overlap[a, channel.columns] += along
            else:
                norm[a, channel.columns - n_params] += along
    for a in (0, 1):
        linear[:n_params] += slopes.scaling[a][:, None] * linear[n_params + a]
        constant[:n_params] += slopes.scaling[a] * constant[n_params + a]
    overlap += norm[:, :2] @ slopes.scaling
    return Pulls(tuple(channels), linear.astype(np.float32), constant.astype(np.float32), slopes.scaling, overlap, norm)


def own_directions(slopes: SectorSlopes) -> tuple[SlopesOfChannel, ...]:
    """The directions in which a sector may differ from the others, in the order of `OWN`, as channels of their own."""
    n_t, n_params = len(slopes.M), slopes.scaling.shape[1]
    lower = np.tril(slopes.M, -1)
    rate = slopes.contrast * lower * np.log(np.maximum(lower, 1e-12))
    maps = lower, np.tri(n_t, k=-1), np.where(lower > 0, rate, 0)
    ones = np.ones((1, n_t))
    return tuple(
        SlopesOfChannel("model", np.array([n_params + k]), ones, at_pairs, None) for k, at_pairs in enumerate(maps)
    )
