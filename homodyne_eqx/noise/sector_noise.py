"""The effect of the noise of one sector of two-time data on a fit, from speckles drawn with the fitted correlation."""

from dataclasses import dataclass
from typing import final

import numpy as np

from .binned_sector import binned_sector
from .binning import FrameBins
from .directions import directions_of, without_diagonal
from .evenness import evenness_of
from .frame_squares import FrameSquares, mean_noise
from .law_of_sector import law_of_sector
from .photon_noise import LEAST_IN_WEIGHTS, Residuals, photon_noise_of
from .pulls import Pulls
from .sector import Sector
from .signs import Signs, signs_of, stacked
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


def sector_noise(sector: Sector, block_size: int, n_blocks: int, generator: np.random.Generator) -> SectorNoise:
    """Draw speckles, let them pull at the parameters, and count how many of them the residuals are made of."""
    slopes, bins = sector.slopes, FrameBins(sector.frames, sector.slopes.n_t, _MOST_BINS)
    binned = binned_sector(sector, bins)
    M, counts, values = binned.slopes.M, binned.counts, binned.residual
    photon_noise = photon_noise_of([Residuals(values, M, bins.photon_share, without_diagonal(counts) > 0)])
    white = photon_noise > _NOISY and evenness_of(sector).is_even
    of_photons = max(photon_noise, LEAST_IN_WEIGHTS) * bins.photon_share
    directions = directions_of(binned.slopes, slopes.contrast)
    excess = slopes.contrast * M
    step = weighted_step(directions, whitening(M + np.diag(of_photons)), excess, slopes.offset, counts)
    law = law_of_sector(slopes).with_photons(photon_noise, not white)
    blocks = [law.draw(generator, block_size) for _ in range(n_blocks)]
    clipped = law.clipped
    del law  # its factors are the largest array of all
    pulls, squares = Pulls(slopes, np.concatenate(blocks, axis=1)), FrameSquares(slopes, blocks)
    n_pairs, total_weight = 0, 0.0
    for band in sector.bands():
        pulls.add(band.model, band.weights)
        squares.add(band)
        n_pairs += int(np.count_nonzero(band.weights))
        total_weight += float(np.sum(band.weights))
    with_weights, signs = [], []
    for x, frames in zip(blocks, squares.of_speckles, strict=True):
        in_bins = bins.of_frames(x).astype(float)
        with_weights.append(step.pulls(in_bins))
        noise = mean_noise(in_bins, np.mean(in_bins, axis=1), slopes.offset, excess)
        signs.append(signs_of(without_diagonal(noise) * (counts > 0), frames, step, counts, M))
    found = signs_of(values, squares.of_residuals, step, counts, M)
    drawn = stacked(signs)
    all_pulls = np.concatenate([pulls.total(), np.concatenate(with_weights, axis=1)])
    return SectorNoise(
        speckles=float(np.mean(drawn.form) * block_size / max(float(found.form), 1e-300)),
        photon_noise=photon_noise,
        white=white,
        clipped=clipped,
        active=directions.active,
        pulls=np.atleast_2d(np.cov(all_pulls)),
        vector=step.vector(values),
        overlap=step.overlap,
        cost=float(np.mean(np.sum(drawn.frames, axis=1))) / 2 * block_size,
        n_pairs=n_pairs,
        mean_weight=total_weight / max(n_pairs, 1),
        frames=bins.frames,
        found=found,
        drawn=drawn,
        block_size=block_size,
    )
