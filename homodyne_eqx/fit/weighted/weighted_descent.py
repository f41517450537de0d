"""From the end of least squares to the end of the weighted fit, within the bounds."""

from collections.abc import Sequence
from typing import NamedTuple, final

import equinox as eqx
import numpy as np

from ...engine import Packed
from ..parameter import Parameter
from ..priors.prior_rows import prior_information, prior_vector
from ..problem import model_with
from ..solve.minimise import Outcome
from ..uncertainty.noise_of_fit import NoiseOfFit
from .sectors_at import sectors_at
from .weighted_sums import WeightedSums

_MOST_STEPS = 5
_LONG = 1.0


@final
class Descent(NamedTuple):
    """The end of the weighted fit.

    - `parameters`, `at_bound`: of the free parameters, (n_free,); `sums`: those from which the last step was taken;
    - `settled`: whether that was a short one.
    """

    parameters: np.ndarray
    at_bound: np.ndarray
    sums: WeightedSums
    settled: bool


def weighted_descent(free: Sequence[Parameter], outcome: Outcome, packed: Packed, noise: NoiseOfFit) -> Descent | None:
    """One step; where it is longer than 1σ of least squares in any parameter another from there, five at most.

    **Arguments:** `free`: the free parameters; `outcome`, `noise`: of least squares.

    **Returns:** `None` where the weighted normal equations are not finite.
    """
    moving, rest = eqx.partition(noise.model, noise.free)
    low, high = (np.array([getattr(p, name) for p in free], float) for name in ("low", "high"))
    parameters, sigma = outcome.parameters, np.sqrt(np.diagonal(noise.covariance))
    sigma = np.where(np.isfinite(sigma) & (sigma > 0), sigma, np.inf)
    descent = None
    for _ in range(_MOST_STEPS):
        sums = WeightedSums(
            sectors_at(model_with(moving, rest, parameters), packed, noise),
            noise.speckles,
            prior_information(free, parameters),
            -prior_vector(free, parameters),
        )
        if not sums.is_finite:
            return None
        step, held = sums.step(low - parameters, high - parameters)
        parameters = np.where(held < 0, low, np.where(held > 0, high, np.clip(parameters + step, low, high)))
        descent = Descent(parameters, held != 0, sums, bool(np.all(np.abs(step) <= _LONG * sigma)))
        if descent.settled:
            break
    return descent
