"""One sector of a fit with weights for correlated noise: its sums, and their covariance."""

from typing import NamedTuple, final

import numpy as np

from ..engine.normal_equations.sector_slopes import SectorSlopes
from .binned_slopes import binned_slopes
from .binning import FrameBins
from .completed_weights import completed_weights
from .directions import without_diagonal
from .photon_noise import LEAST_IN_WEIGHTS, Residuals, photon_noise_of
from .pulls import pulls_of_sector
from .sector_noise import SectorNoise
from .speckle_draws import speckle_law

MOST_FRAMES = 1024
_WHOLE = 160
_WINDOWS = 2
_DOUBLE_UP_TO = 256
_DRAWN_AT_ONCE = 512


@final
class WeightedSector(NamedTuple):
    """One sector, with weights B_k = W A′_k W / contrast² for the parameters k that move it.

    - `active`: these, (n_active,); `normal`: Σ B_k A_l over the pairs, (n_active, n_active); `vector`: Σ B_k (data −
      g2), (n_active,);
    - `pulls`: covariance of the pulls of single speckles at all parameters by least squares, then at the active ones
      with weights, (n_params + n_active, n_params + n_active);
    - `photon_noise`: the variance that photons add to a frame, in units of that of the speckles.
    """

    active: np.ndarray
    normal: np.ndarray
    vector: np.ndarray
    pulls: np.ndarray
    photon_noise: float


def weighted_sector(
    slopes: SectorSlopes,
    residual: np.ndarray,
    weights: np.ndarray,
    noise: SectorNoise,
    n_draws: int,
    generator: np.random.Generator,
) -> WeightedSector:
    """Runs of frames take the place of frames where there are more than 1024 of these.

    **Arguments:** `slopes`: of the model; `residual`: data − g2, and `weights` of least squares: both (n_t, n_t),
    strictly lower triangular, 0 where there is no pair; `noise`: of the sector at the end of least squares.
    """
    both = weights + weights.T
    bins = FrameBins(both > 0, MOST_FRAMES)
    M = bins.of_every_pair(slopes.M)
    values = without_diagonal(bins.of_map(residual + residual.T))
    there = (bins.counts > 0) & ~np.eye(bins.n, dtype=bool)
    photon_noise = noise.photon_noise
    if bins.n > _WHOLE:
        photon_noise = _photon_noise(Residuals(values, M, bins.photon_share, there))
    dtype = np.float64 if bins.n <= _DOUBLE_UP_TO else np.float32
    of_photons = max(photon_noise, LEAST_IN_WEIGHTS) * bins.photon_share
    weighting = completed_weights(M, of_photons, bins.counts > 0, dtype)
    law = speckle_law(slopes.field, slopes.M, slopes.contrast / slopes.offset).with_photons(
        photon_noise, not noise.white
    )
    pulls = pulls_of_sector(slopes, weights)
    drawn = [law.draw(generator, size) for size in _parts(n_draws)]
    of_least_squares = np.concatenate([pulls.of(x) for x in drawn], axis=1)
    in_bins = [bins.of_frames(x) for x in drawn]
    along, excess = binned_slopes(slopes, bins, M, dtype), slopes.contrast * M.astype(dtype)
    normal, vector, with_weights = [], [], []
    for k in along.active.tolist():
        B = weighting.of(np.where(there, along.of(k), dtype(0))) / dtype(slopes.contrast**2)
        normal.append(along.sums(B)[along.active])
        vector.append(np.sum(B * values, dtype=float) / 2)
        linear = np.sum(B * excess, axis=1, dtype=float)
        single = B.astype(np.float32, copy=False)
        with_weights.append(np.concatenate([_pull(single, linear, slopes.offset, x) for x in in_bins]))
    return WeightedSector(
        active=along.active,
        normal=np.array(normal).reshape(along.active.size, along.active.size),
        vector=np.array(vector),
        pulls=np.atleast_2d(np.cov(np.concatenate([of_least_squares, *(x[None] for x in with_weights)]))),
        photon_noise=photon_noise,
    )


def _pull(B: np.ndarray, linear: np.ndarray, offset: float, x: np.ndarray) -> np.ndarray:
    """Σ B ψ over the pairs, of single speckles of intensities 1 + x, (n_speckles,)."""
    return offset * np.sum((B @ x) * x, axis=0, dtype=float) / 2 - linear @ x


def _parts(n: int) -> list[int]:
    return [min(_DRAWN_AT_ONCE, n - first) for first in range(0, n, _DRAWN_AT_ONCE)]


def _photon_noise(seen: Residuals) -> float:
    """The photon noise of largest likelihood over two windows of 160 frames."""
    firsts = np.unique(np.linspace(0, len(seen.M) - _WHOLE, _WINDOWS).astype(int)).tolist()
    return photon_noise_of([seen.window(slice(first, first + _WHOLE)) for first in firsts])
