"""Whether one model is a special case of another, for some values of its parameters."""

from dataclasses import replace

from ...engine.losses import Squares
from ...engine.packed_data import AbstractPacked
from ...fit.free_parameters import FreeParameters
from ...fit.minimiser import Minimiser
from ...fit.problem import NotFiniteAtStart
from ...fit.result.fit_result import FitResult
from ...fit.solve.levenberg_marquardt import levenberg_marquardt
from ..from_the_fit import from_the_fit
from .fitted_values import data_of_model

_MAX_STEPS = 50


def contains(larger: FitResult, smaller: FitResult, packed: AbstractPacked, negligible: float) -> bool:
    """Whether the larger model, within its bounds, gives the values of the fitted smaller one where the data are.

    Tried first: the parameters of the same name have the values of the smaller model, the others those at which they
    change nothing, as far as they state them, else 0. Then it is fitted to the values of the smaller model.

    **Arguments:** `negligible`: the χ² between the two that counts as none.
    """
    parameters = _without_priors(from_the_fit(larger))
    if len(larger.free_names) <= len(smaller.free_names):
        return False
    held = [p for p in parameters.parameters if not (p.free or p.tied_to) and p.name in smaller.parameters]
    if any(p.name not in smaller.free_names and p.value != smaller.parameters[p.name].value for p in held):
        return False
    of_smaller = data_of_model(smaller, packed)
    same = {p.name: smaller.parameters[p.name].value for p in parameters.free if p.name in smaller.parameters}
    others = {p.name: p.neutral or 0.0 for p in parameters.free if p.name not in same and not p.of_scaling}
    minimiser = Minimiser(larger.model, Squares(), levenberg_marquardt(), _MAX_STEPS, None, None, False)
    for start in (parameters.started({**same, **others}), parameters.started(same), parameters):
        try:
            _, outcome = minimiser.minimum(start, of_smaller)
        except NotFiniteAtStart:
            continue
        if min(step.chi2 for step in outcome.history) <= negligible:
            return True
    return False


def _without_priors(parameters: FreeParameters) -> FreeParameters:
    """The same parameters, of which nothing is known beforehand."""
    return replace(parameters, parameters=tuple(replace(p, prior=None) for p in parameters.parameters))
