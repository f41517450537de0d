"""A sector made of whole maps, in bands of uneven height."""

import numpy as np

from homodyne_eqx.engine.normal_equations.sector_slopes import SectorSlopes, SlopesOfBand
from homodyne_eqx.noise.sector import Sector


def made_sector(contrast, offset, field, residual, weights, ends=None, channels=(), slopes=(), scaling=None):
    """`residual`, `weights` and the `slopes` of channels are (n_t, n_t) and count below the diagonal; `ends`: of the
    bands."""
    n_t = len(field)
    ends = [n_t // 3, n_t // 3 + 1, n_t] if ends is None else ends
    M = np.abs(field) ** 2

    def bands():
        for first, end in zip([0, *ends], ends, strict=False):
            part = np.s_[first:end, :end]
            by_channel = tuple(
                tuple(None if x is None else np.tril(x, -1)[part].astype(np.float32) for x in pair) for pair in slopes
            )
            yield SlopesOfBand(first, end, np.tril(M)[part], np.tril(field)[part], by_channel)

    def data(band):
        part = np.s_[band.first : band.end, : band.end]
        return np.tril(residual, -1)[part], np.tril(weights, -1)[part]

    both = np.tril(weights, -1) + np.tril(weights, -1).T
    scaling = np.zeros((2, 0)) if scaling is None else scaling
    of_model = SectorSlopes(n_t, contrast, offset, scaling, channels, bands)
    return Sector(of_model, np.flatnonzero(np.any(both > 0, axis=1)), data)
