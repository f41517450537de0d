"""What the noise of one sector of two-time data does to a fit, from speckles drawn with the fitted correlation."""

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from ..engine.normal_equations.sector_slopes import SectorSlopes
from .binning import FrameBins
from .pulls import own_directions, pulls_of_sector
from .speckle_draws import speckle_law
from .weighted_step import WeightedStep, weighted_step, without_diagonal
from .whitening import photon_noise_of, whitening

_MOST_BINS = 256
_DRAWN_AT_ONCE = 512
_PHOTON_NOISE = (1e-4, 1e5)
_LEAST_IN_WEIGHTS = 0.01
_NOISY = 10.0


@final
@dataclass(frozen=True)
class SectorNoise:
    """The noise of one sector, for a single speckle. Directions are the parameters, then those of `pulls.OWN`.

    - `speckles`: how many the data have, from whitened residuals; `photon_noise`: variance that photons add to a frame,
      in units of that of the speckles; `white`: whether noise is independent from pixel to pixel instead; `clipped`:
      the share of the correlation of the field that no field can have;
    - `pulls`: their covariance, (n_directions, n_directions);
    - `residual_pulls`: of the residuals in the own directions, (3,); `overlap`: Σ w A_own A_k, (3, n_params);
    - `block_costs`, `block_pulls`: Σ w ψ² and pulls of the means over blocks of `block_size` draws, (n_blocks,) and
      (n_blocks, n_directions); `residual_cost`: χ² of the sector; `n_pairs`;
    - `step`: generalised least squares; `step_vector`: its gradient for the residuals; `step_pulls`: covariance of its
      pulls, and with those of least squares, (n_active, n_active + n_directions).
    """

    speckles: float
    photon_noise: float
    white: bool
    clipped: float
    pulls: np.ndarray
    residual_pulls: np.ndarray
    overlap: np.ndarray
    block_size: int
    block_costs: np.ndarray
    block_pulls: np.ndarray
    residual_cost: float
    n_pairs: int
    step: WeightedStep
    step_vector: np.ndarray
    step_pulls: np.ndarray


def sector_noise(
    slopes: SectorSlopes,
    residual: np.ndarray,
    weights: np.ndarray,
    block_size: int,
    n_blocks: int,
    generator: np.random.Generator,
) -> SectorNoise:
    """Draw speckles, let them pull at the parameters, and count how many of them the residuals are made of.

    **Arguments:** `residual`: data − g2, and `weights`: both (n_t, n_t), strictly lower triangular, 0 where there is no
    pair.
    """
    bins = FrameBins((weights + weights.T) > 0, _MOST_BINS)
    M, found = bins.of_every_pair(slopes.M), without_diagonal(bins.of_map(residual + residual.T))
    photon_noise = photon_noise_of(found, M, bins.photon_share, *_PHOTON_NOISE)
    white = photon_noise > _NOISY and _is_even(residual, weights, slopes)
    law = speckle_law(slopes.field, slopes.M, slopes.contrast / slopes.offset).with_photons(photon_noise, not white)
    step = weighted_step(
        slopes, bins, whitening(M + np.diag(max(photon_noise, _LEAST_IN_WEIGHTS) * bins.photon_share)), M
    )
    pulls = pulls_of_sector(slopes, weights)
    excess = slopes.contrast * slopes.M
    drawn, drawn_by_step, costs, left_over = [], [], [], []
    for _ in range(n_blocks):
        x = np.concatenate([law.draw(generator, n) for n in _parts(block_size)], axis=1)
        drawn.append(pulls.of(x))
        costs.append(float(np.sum(weights * _mean_noise(x, slopes.offset, excess) ** 2)))
        x = bins.of_frames(x).astype(float)
        drawn_by_step.append(step.pulls(x))
        noise = without_diagonal(_mean_noise(x, slopes.offset, slopes.contrast * M))
        left_over.append(step.left_over(noise) * block_size)
    together = np.atleast_2d(np.cov(np.concatenate([np.concatenate(drawn_by_step, 1), np.concatenate(drawn, 1)])))
    n_active = step.active.size
    own = np.stack([direction.later for direction in own_directions(slopes)])
    return SectorNoise(
        speckles=float(np.mean(left_over) / max(step.left_over(found), 1e-300)),
        photon_noise=photon_noise,
        white=white,
        clipped=law.clipped,
        pulls=together[n_active:, n_active:],
        residual_pulls=np.einsum("kij,ij->k", own, weights * residual),
        overlap=pulls.overlap,
        block_size=block_size,
        block_costs=np.array(costs),
        block_pulls=np.stack([np.mean(of_block, axis=1, dtype=float) for of_block in drawn]),
        residual_cost=float(np.sum(weights * residual**2)),
        n_pairs=int(np.count_nonzero(weights)),
        step=step,
        step_vector=step.vector(found),
        step_pulls=together[:n_active],
    )


def _parts(n: int) -> list[int]:
    """`n` in parts that are drawn at once."""
    return [min(_DRAWN_AT_ONCE, n - first) for first in range(0, n, _DRAWN_AT_ONCE)]


def _mean_noise(x: np.ndarray, offset: float, excess: np.ndarray) -> np.ndarray:
    """The mean of ψ over speckles of intensities 1 + x, (n, n); `excess`: offset · β M."""
    mean = np.mean(x, axis=1, dtype=float)
    return offset * (x @ x.T / x.shape[1]) - excess * (1 + np.add.outer(mean, mean))


def _is_even(residual: np.ndarray, weights: np.ndarray, slopes: SectorSlopes) -> bool:
    """Whether noise that is independent from pixel to pixel is as strong where the intensities are correlated as
    elsewhere: that of photons is not, its variance follows g2."""
    counts = weights > 0
    square, g2 = residual[counts] ** 2, (slopes.offset + slopes.contrast * slopes.M)[counts]
    even = math.log(np.mean(square))
    following = np.mean(np.log(np.maximum(g2, 1e-12))) + math.log(np.mean(square / np.maximum(g2, 1e-12)))
    return bool(even < following)
