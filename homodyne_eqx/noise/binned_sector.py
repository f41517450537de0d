"""The model and the data of one sector, averaged over runs of frames."""

from typing import NamedTuple, final

import numpy as np

from .binned_slopes import BinnedChannel, BinnedSlopes
from .binning import FrameBins
from .sector import Sector


@final
class BinnedSector(NamedTuple):
    """Averages over pairs of runs, (n, n) each, symmetric.

    - `slopes`: of all pairs, with M; `counts`: how many pairs carry data; `residual`: data − g2, of these, 0 on the
      diagonal.
    """

    slopes: BinnedSlopes
    counts: np.ndarray
    residual: np.ndarray


def binned_sector(sector: Sector, bins: FrameBins) -> BinnedSector:
    """One pass over the bands of the sector."""
    slopes, n = sector.slopes, (bins.n, bins.n)
    M, residual, counts = np.zeros(n), np.zeros(n), np.zeros(n)
    diagonal = np.zeros(slopes.n_t)
    later, earlier = (np.zeros((len(slopes.channels), *n)) for _ in range(2))
    for band in sector.bands():
        first = band.model.first
        M += bins.sums(band.model.M, first)
        diagonal[band.rows] = np.diagonal(band.model.M, first)
        residual += bins.sums(band.residual, first)
        counts += bins.sums(band.weights > 0, first)
        for k, (of_later, of_earlier) in enumerate(band.model.slopes):
            later[k] += bins.sums(of_later, first)
            earlier[k] += 0 if of_earlier is None else bins.sums(of_earlier, first)
    M += M.T - np.diag(bins.sums_of_frames(diagonal))
    counts += counts.T
    residual = (residual + residual.T) / np.maximum(counts, 1)
    np.fill_diagonal(residual, 0)
    channels = []
    for channel, of_later, of_earlier in zip(slopes.channels, later / bins.pairs, earlier / bins.pairs, strict=True):
        other = {"difference": -of_later, "model": None}.get(channel.kind, of_earlier)
        channels.append(BinnedChannel(channel.columns, bins.of_frames(channel.tangents.T).T, of_later, other))
    binned = BinnedSlopes(M / bins.pairs, slopes.scaling, tuple(channels))
    return BinnedSector(binned, counts, residual)
