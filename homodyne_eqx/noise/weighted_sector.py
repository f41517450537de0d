"""One sector of a fit with weights for correlated noise: its sums, and their covariance."""

from typing import NamedTuple, final

import numpy as np

from .binned_sector import binned_sector
from .binning import FrameBins
from .completed_weights import completed_weights
from .law_of_sector import law_of_sector
from .photon_noise import LEAST_IN_WEIGHTS, Residuals, photon_noise_of
from .pulls import Pulls
from .sector import Sector
from .sector_noise import SectorNoise

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


def weighted_sector(sector: Sector, noise: SectorNoise, n_draws: int, generator: np.random.Generator) -> WeightedSector:
    """Runs of frames take the place of frames where there are more than 1024 of these.

    **Arguments:** `sector`: with the model, and with the weights of least squares; `noise`: of the sector at the end of
    least squares.
    """
    slopes, bins = sector.slopes, FrameBins(sector.frames, sector.slopes.n_t, MOST_FRAMES)
    binned = binned_sector(sector, bins)
    M, values, counts = binned.slopes.M, binned.residual, binned.counts
    there = (counts > 0) & ~np.eye(bins.n, dtype=bool)
    photon_noise = noise.photon_noise
    if bins.n > _WHOLE:
        photon_noise = _photon_noise(Residuals(values, M, bins.photon_share, there))
    dtype = np.float64 if bins.n <= _DOUBLE_UP_TO else np.float32
    of_photons = max(photon_noise, LEAST_IN_WEIGHTS) * bins.photon_share
    weighting = completed_weights(M, of_photons, counts > 0, dtype)
    law = law_of_sector(slopes).with_photons(photon_noise, not noise.white)
    drawn = [law.draw(generator, size) for size in _parts(n_draws)]
    del law  # its factors are the largest array of all
    pulls = Pulls(slopes, np.concatenate(drawn, axis=1))
    for band in sector.bands():
        pulls.add(band.model, band.weights)
    in_bins = [bins.of_frames(x) for x in drawn]
    along, excess = binned.slopes.astype(dtype), slopes.contrast * M.astype(dtype)
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
        pulls=np.atleast_2d(np.cov(np.concatenate([pulls.total(), *(x[None] for x in with_weights)]))),
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
