"""A model at a start that is found from the data, for any model."""

from collections.abc import Iterable

import equinox as eqx

from ..engine import with_best_scaling
from ..engine.losses import Squares
from ..physics.model import TwoTimeModel
from .fit_input import FitData, fit_input
from .free_parameters import ParameterBounds
from .problem import model_with
from .starts.candidates import candidates
from .starts.search import search


def estimate(
    model: TwoTimeModel,
    data: FitData,
    *,
    free: Iterable[str] | None = None,
    fixed: Iterable[str] = (),
    bounds: ParameterBounds | None = None,
    seed: int = 0,
) -> TwoTimeModel:
    """The model with parameters close to the deepest minimum of χ², from a search that needs no start.

    About a thousand sets of parameters are compared on a few frames, each with its best contrast and offset. The search
    range follows from the model: directions over their whole period, parameters with two bounds between these bounds,
    and parameters > 0 from the value at which the maps do not change to the value at which they decay within the
    shortest lag. Other parameters (for example offsets of rates that start at 0) keep their values. The result is only
    a start for a fit; `fit` makes this search itself.

    **Arguments:** `free`, `fixed`, `bounds`: as for `fit`; `seed`: of the random numbers.

    **Raises:** as `fit`.
    """
    given = fit_input(model, data, free, fixed, bounds, Squares())
    few = candidates(given.model, given.free_parameters, given.packed)
    parameters, _ = search(few, given.free_parameters, seed)
    found = model_with(few.moving, few.rest, parameters)
    if few.limits is None:
        return found
    return _at_best_scaling(found, few.packed, few.limits[:, 0], few.limits[:, 1])


_at_best_scaling = eqx.filter_jit(with_best_scaling)
