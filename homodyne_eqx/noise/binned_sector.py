"""The model and the data of one sector, averaged over runs of frames."""

import math
from typing import NamedTuple, final

import numpy as np

from .binned_slopes import BinnedChannel, BinnedSlopes
from .binning import FrameBins
from .sector import Band, Sector


@final
class BinnedSector(NamedTuple):
    """Averages over pairs of runs, (n, n) each, symmetric.

    - `slopes`: of all pairs, with M; `counts`: how many pairs carry data; `residual`: data − g2, of these, 0 on the
      diagonal;
    - `evenness`: of the residuals themselves.
    """

    slopes: BinnedSlopes
    counts: np.ndarray
    residual: np.ndarray
    evenness: "Evenness"


@final
class Evenness(NamedTuple):
    """Over the pairs that carry data: their number, and the sums of residual², of log g2 and of residual²/g2."""

    n_pairs: int
    square: float
    log_g2: float
    square_over_g2: float

    @property
    def is_even(self) -> bool:
        """Whether noise that is independent from pixel to pixel is as strong where the intensities are correlated as
        elsewhere: that of photons is not, its variance follows g2."""
        n = max(self.n_pairs, 1)
        return math.log(self.square / n) < self.log_g2 / n + math.log(self.square_over_g2 / n)


def binned_sector(sector: Sector, bins: FrameBins) -> BinnedSector:
    """One pass over the bands of the sector."""
    slopes, n = sector.slopes, (bins.n, bins.n)
    M, residual, counts = np.zeros(n), np.zeros(n), np.zeros(n)
    diagonal = np.zeros(slopes.n_t)
    later, earlier = (np.zeros((len(slopes.channels), *n)) for _ in range(2))
    evenness = []
    for band in sector.bands():
        first = band.model.first
        M += bins.sums(band.model.M, first)
        diagonal[band.rows] = np.diagonal(band.model.M, first)
        residual += bins.sums(band.residual, first)
        counts += bins.sums(band.weights > 0, first)
        for k, (of_later, of_earlier) in enumerate(band.model.slopes):
            later[k] += bins.sums(of_later, first)
            earlier[k] += 0 if of_earlier is None else bins.sums(of_earlier, first)
        evenness.append(_evenness(band, slopes.contrast, slopes.offset))
    M += M.T - np.diag(bins.sums_of_frames(diagonal))
    counts += counts.T
    residual = (residual + residual.T) / np.maximum(counts, 1)
    np.fill_diagonal(residual, 0)
    channels = []
    for channel, of_later, of_earlier in zip(slopes.channels, later / bins.pairs, earlier / bins.pairs, strict=True):
        other = {"difference": -of_later, "model": None}.get(channel.kind, of_earlier)
        channels.append(BinnedChannel(channel.columns, bins.of_frames(channel.tangents.T).T, of_later, other))
    binned = BinnedSlopes(M / bins.pairs, slopes.scaling, tuple(channels))
    return BinnedSector(binned, counts, residual, Evenness(*np.sum(evenness, axis=0).tolist()))


def _evenness(band: Band, contrast: float, offset: float) -> tuple[float, ...]:
    counts = band.weights > 0
    square, g2 = band.residual[counts] ** 2, np.maximum(offset + contrast * band.model.M[counts], 1e-12)
    return float(square.size), float(np.sum(square)), float(np.sum(np.log(g2))), float(np.sum(square / g2))
