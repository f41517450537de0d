"""χ² of data that a model was not fitted to."""

import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ...engine import Packed, chi_squared, with_best_scaling
from ...engine.losses import AbstractLoss, Squares
from ...engine.repacking import repacked
from ...engine.unfolding import folded_map, sector_places
from ...fit.free_parameters import FreeParameters
from ...fit.minimiser import Minimiser
from ...fit.result.fit_result import FitResult
from ...fit.solve.levenberg_marquardt import levenberg_marquardt
from ...fit.uncertainty.speckle_covariance import packed_of
from ...physics.model import TwoTimeModel
from ..from_the_fit import from_the_fit

_MAX_STEPS = 200


def held_out_chi2(result: Any, what: str, folds: int, data: Any, loss: AbstractLoss | None) -> float:
    """The mean of (residual/σ)² over pairs of frames that were left out of a fit, over all parts.

    A part is every n-th sector, or all pairs with a frame in one block of frames. Contrast and offset of the sectors
    are at their best for what was left out, if all are free and have a closed form.

    **Raises:** `ValueError` for anything but `"sectors"` and `"frames"`, or more parts than there are; `TypeError` for
    results of fits to other data than maps.
    """
    if what not in ("sectors", "frames"):
        raise ValueError(f'held_out is {what!r}; expected "sectors" or "frames".')
    packed = packed_of(result, data) if isinstance(result, FitResult) else None
    if not isinstance(packed, Packed):
        raise TypeError("Cross-validation leaves out parts of maps; expected results of fits of one set of maps each.")
    most = packed.geometry.n_sector if what == "sectors" else packed.geometry.n_t // 2
    if not 2 <= folds <= most:
        raise ValueError(f"folds is {folds}; expected 2 to {most} parts of these {what}.")
    parameters = from_the_fit(result)
    minimiser = Minimiser(result.model, loss or Squares(), levenberg_marquardt(), _MAX_STEPS, None, None, False)
    maps = {k: folded_map(packed, *place).values for k, place in sector_places(packed).items()}
    total = count = 0.0
    for part in range(folds):
        left_out = _left_out(packed, what, part, folds)
        kept = repacked(packed, lambda k, out=left_out: np.where(out[k], np.nan, maps[k]))
        others = repacked(packed, lambda k, out=left_out: np.where(out[k], maps[k], np.nan))
        model, _ = minimiser.minimum(parameters, kept)
        total += float(_chi_squared(model, others, _limits(parameters)))
        count += int(np.count_nonzero(~np.isnan(np.asarray(others.values))))
    return total / count if count else math.nan


def _left_out(packed: Packed, what: str, part: int, folds: int) -> np.ndarray:
    """The pixels of a part, (n_sector, n_t, n_t)."""
    n_sector, n_t = packed.geometry.n_sector, packed.geometry.n_t
    if what == "sectors":
        return np.broadcast_to((np.arange(n_sector) % folds == part)[:, None, None], (n_sector, n_t, n_t))
    of_block = np.arange(n_t) * folds // n_t == part
    return np.broadcast_to(of_block[:, None] | of_block, (n_sector, n_t, n_t))


def _limits(parameters: FreeParameters) -> Float[Array, "2 2"] | None:
    """The bounds of contrast and offset; `None` where these stay as they were fitted."""
    of_scaling = [p for p in parameters.parameters if p.of_scaling]
    if not parameters.closed_form or not all(p.free for p in of_scaling):
        return None
    return jnp.asarray(parameters.scaling_bounds(), jnp.result_type(float))


@eqx.filter_jit
def _chi_squared(model: TwoTimeModel, packed: Packed, limits: Float[Array, "2 2"] | None) -> jax.Array:
    if limits is not None:
        model = with_best_scaling(model, packed, limits[:, 0], limits[:, 1])
    return chi_squared(model, packed, Squares())
