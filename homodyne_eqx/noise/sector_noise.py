"""The effect of the noise of one sector of two-time data on a fit, from speckles drawn with the fitted correlation."""

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from ..engine.normal_equations.sector_slopes import SectorSlopes
from .binning import FrameBins
from .directions import directions_of, without_diagonal
from .photon_noise import LEAST_IN_WEIGHTS, Residuals, photon_noise_of
from .pulls import pulls_of_sector
from .signs import Signs, signs_of, stacked
from .speckle_draws import speckle_law
from .weighted_step import weighted_step
from .whitening import whitening

_MOST_BINS = 160
_NOISY = 10.0


@final
@dataclass(frozen=True)
class SectorNoise:
    """The noise of one sector.

    - `speckles`: how many independent ones the data have, from whitened residuals;
    - `photon_noise`: variance that photons add to a frame, in units of that of the speckles; `white`: whether noise is
      independent from pixel to pixel instead;
    - `clipped`: the share of the correlation of the field that no field can have, and that was left out;
    - `active`: the parameters that move the sector, (n_active,). Directions are those, then the `DEPARTURES`;
    - `pulls`: covariance of the pulls of single speckles at the parameters, by least squares, and in the directions,
      with weights, (n_params + n_directions, n_params + n_directions);
    - `vector`: of the residuals in the directions, and `overlap` of the directions, with weights;
    - `cost`: Σ w ψ² that one speckle is expected to have, over the `n_pairs` pairs, of weight `mean_weight` on average;
    - `frames`: the numbers of those that carry data;
    - `found`: signs of the residuals; `drawn`: the same of blocks of `block_size` speckles each.
    """

    speckles: float
    photon_noise: float
    white: bool
    clipped: float
    active: np.ndarray
    pulls: np.ndarray
    vector: np.ndarray
    overlap: np.ndarray
    cost: float
    n_pairs: int
    mean_weight: float
    frames: np.ndarray
    found: Signs
    drawn: Signs
    block_size: int


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
    weights_of_both = weights + weights.T
    bins = FrameBins(weights_of_both > 0, _MOST_BINS)
    M, both = bins.of_every_pair(slopes.M), residual + residual.T
    values = without_diagonal(bins.of_map(both))
    photon_noise = photon_noise_of([Residuals(values, M, bins.photon_share, without_diagonal(bins.counts) > 0)])
    white = photon_noise > _NOISY and _is_even(residual, weights, slopes)
    law = speckle_law(slopes.field, slopes.M, slopes.contrast / slopes.offset).with_photons(photon_noise, not white)
    of_photons = max(photon_noise, LEAST_IN_WEIGHTS) * bins.photon_share
    directions = directions_of(slopes, bins, M)
    excess = slopes.contrast * M
    step = weighted_step(directions, whitening(M + np.diag(of_photons)), excess, slopes.offset, bins.counts)
    pulls = pulls_of_sector(slopes, weights)
    single, share = weights_of_both.astype(np.float32), (slopes.contrast * slopes.M).astype(np.float32)
    drawn, signs = [], []
    for _ in range(n_blocks):
        x = law.draw(generator, block_size)
        noise = _mean_noise(x, np.float32(slopes.offset), share)
        frames = np.einsum("ij,ij,ij->i", single, noise, noise).astype(float)
        in_bins = bins.of_frames(x).astype(float)
        drawn.append(np.concatenate([pulls.of(x), step.pulls(in_bins)]))
        noise_in_bins = without_diagonal(_mean_noise(in_bins, slopes.offset, excess)) * (bins.counts > 0)
        signs.append(signs_of(noise_in_bins, frames, step, bins, M))
    found = signs_of(values, np.sum(weights_of_both * both**2, axis=1), step, bins, M)
    blocks = stacked(signs)
    return SectorNoise(
        speckles=float(np.mean(blocks.form) * block_size / max(float(found.form), 1e-300)),
        photon_noise=photon_noise,
        white=white,
        clipped=law.clipped,
        active=directions.active,
        pulls=np.atleast_2d(np.cov(np.concatenate(drawn, axis=1))),
        vector=step.vector(values),
        overlap=step.overlap,
        cost=float(np.mean(np.sum(blocks.frames, axis=1))) / 2 * block_size,
        n_pairs=int(np.count_nonzero(weights)),
        mean_weight=float(np.sum(weights)) / max(int(np.count_nonzero(weights)), 1),
        frames=bins.frames,
        found=found,
        drawn=blocks,
        block_size=block_size,
    )


def _mean_noise(x: np.ndarray, offset: float | np.floating, excess: np.ndarray) -> np.ndarray:
    """The mean of ψ over speckles of intensities 1 + x, (n, n); `excess`: offset · β M."""
    mean = np.mean(x, axis=1, dtype=excess.dtype)
    noise = x @ x.T
    noise *= offset / x.shape[1]
    noise -= excess * (np.add.outer(mean, mean) + 1)
    return noise


def _is_even(residual: np.ndarray, weights: np.ndarray, slopes: SectorSlopes) -> bool:
    """Whether noise that is independent from pixel to pixel is as strong where the intensities are correlated as
    elsewhere: that of photons is not, its variance follows g2."""
    counts = weights > 0
    square, g2 = residual[counts] ** 2, (slopes.offset + slopes.contrast * slopes.M)[counts]
    even = math.log(np.mean(square))
    following = np.mean(np.log(np.maximum(g2, 1e-12))) + math.log(np.mean(square / np.maximum(g2, 1e-12)))
    return bool(even < following)
