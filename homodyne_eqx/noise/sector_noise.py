"""What the noise of one sector of two-time data does to a fit, from speckles drawn with the fitted correlation."""

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from ..engine.normal_equations.sector_slopes import SectorSlopes
from .binning import FrameBins
from .left_over import left_over, without_diagonal
from .pulls import pulls_of_sector
from .speckle_draws import speckle_law
from .whitening import photon_noise_of, whitening

_MOST_BINS = 256
_PHOTON_NOISE = (1e-4, 1e5)
_LEAST_IN_WEIGHTS = 0.01
_NOISY = 10.0


@final
@dataclass(frozen=True)
class SectorNoise:
    """The noise of one sector.

    - `speckles`: how many independent ones the data have, from whitened residuals;
    - `photon_noise`: variance that photons add to a frame, in units of that of the speckles; `white`: whether noise is
      independent from pixel to pixel instead;
    - `clipped`: the share of the correlation of the field that no field can have, and that was left out;
    - `pulls`: covariance of the pulls of single speckles at the parameters, (n_params, n_params).
    """

    speckles: float
    photon_noise: float
    white: bool
    clipped: float
    pulls: np.ndarray


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
    of_photons = max(photon_noise, _LEAST_IN_WEIGHTS) * bins.photon_share
    form = left_over(slopes, bins, whitening(M + np.diag(of_photons)))
    pulls = pulls_of_sector(slopes, weights)
    drawn, of_one = [], []
    for _ in range(n_blocks):
        x = law.draw(generator, block_size)
        drawn.append(pulls.of(x))
        noise = _mean_noise(bins.of_frames(x).astype(float), slopes.offset, slopes.contrast * M)
        of_one.append(form.of(without_diagonal(noise)) * block_size)
    return SectorNoise(
        speckles=float(np.mean(of_one) / max(form.of(found), 1e-300)),
        photon_noise=photon_noise,
        white=white,
        clipped=law.clipped,
        pulls=np.atleast_2d(np.cov(np.concatenate(drawn, axis=1))),
    )


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
