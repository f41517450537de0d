"""The law of the intensity of single speckles by the model that was fitted to a sector."""

import numpy as np

from ..engine.normal_equations.sector_slopes import SectorSlopes, SlopesOfBand
from .speckle_draws import SpeckleLaw, is_gaussian, speckle_law

_DOUBLE_UP_TO = 2000


def law_of_sector(slopes: SectorSlopes) -> SpeckleLaw:
    """Speckles without photon noise.

    The matrix of all pairs of frames is in memory, in single precision for more than 2000 frames.
    """
    contrast, precision = slopes.contrast / slopes.offset, np.float64 if slopes.n_t <= _DOUBLE_UP_TO else np.float32
    gaussian = is_gaussian(contrast)

    def correlation(band: SlopesOfBand) -> np.ndarray:
        values = band.M if gaussian else band.field
        return values.astype(np.result_type(precision, np.complex64) if np.iscomplexobj(values) else precision)

    return speckle_law(slopes.whole(correlation), contrast)
