"""The evenness of noise: independent noise of pixels is equally strong in all parts of a map, that of photons not."""

import math
from typing import NamedTuple, final

import numpy as np

from .sector import Band, Sector


@final
class Evenness(NamedTuple):
    """Over the pairs that carry data: their number, and the sums of residual², of log g2 and of residual²/g2."""

    n_pairs: float
    square: float
    log_g2: float
    square_over_g2: float

    @property
    def is_even(self) -> bool:
        """Whether noise that is independent from pixel to pixel is as strong where the intensities are correlated as
        elsewhere: that of photons is not, its variance follows g2."""
        n = max(self.n_pairs, 1)
        return math.log(self.square / n) < self.log_g2 / n + math.log(self.square_over_g2 / n)


def evenness_of(sector: Sector) -> Evenness:
    """One pass over the bands of the sector."""
    slopes = sector.slopes
    sums = [_sums_of(band, slopes.contrast, slopes.offset) for band in sector.bands()]
    return Evenness(*np.sum(sums, axis=0).tolist())


def _sums_of(band: Band, contrast: float, offset: float) -> tuple[float, ...]:
    counts = band.weights > 0
    square, g2 = band.residual[counts] ** 2, np.maximum(offset + contrast * band.model.M[counts], 1e-12)
    return float(square.size), float(np.sum(square)), float(np.sum(np.log(g2))), float(np.sum(square / g2))
