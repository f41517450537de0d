"""The parameters in which g2 is linear, contrast and offset, put to their best before the first step."""

import numpy as np

from ..free_parameters import FreeParameters
from ..solve.quadratic import Quadratic


def best_scaling(free_parameters: FreeParameters, parameters: np.ndarray, normal: Quadratic) -> np.ndarray:
    """The parameters with those of the scaling that are linear moved to where χ² is least for the rest as it is.

    One Newton step, exact since g2 is linear in them; left alone where that step would leave the bounds.
    """
    linear = np.array([parameter.linear for parameter in free_parameters.free])
    if not linear.any():
        return parameters
    block, slope = normal.matrix[np.ix_(linear, linear)], normal.vector[linear]
    d = np.sqrt(np.where(np.diagonal(block) > 0, np.diagonal(block), 1))
    step = np.linalg.lstsq(block / np.outer(d, d), slope / d, rcond=1e-12)[0] / d
    moved = parameters.copy()
    moved[linear] -= step
    low, high = free_parameters.array("low"), free_parameters.array("high")
    return moved if np.all((moved > low) & (moved < high)) else parameters
