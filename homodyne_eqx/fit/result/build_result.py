"""From the end of a minimisation to a result that says everything about it."""

from dataclasses import replace
from functools import partial

import numpy as np

from ...physics.model import TwoTimeModel
from ..fit_input import FitInput
from ..parameter import Parameters
from ..solve.ended import Ended
from ..solve.minimise import Outcome
from ..solve.quadratic import UNDETERMINED
from ..uncertainty.covariance import covariance, inverse
from .derived import curves_of, derived_quantities
from .fit_result import FitResult
from .kernel import kernel_of
from .notes import notes_on


def build_result(fitted: TwoTimeModel, fit_input: FitInput, outcome: Outcome, seconds: dict[str, float]) -> FitResult:
    """The result of a fit from how its minimisation ended.

    **Arguments:** `fitted`: the model at the end; `fit_input`: its free parameters with the starts and notes to report.
    """
    free_parameters, loss = fit_input.free_parameters, type(fit_input.loss).__name__
    geometry = fit_input.packed.geometry
    spread, directions = covariance(outcome.normal, outcome.at_bound), inverse(outcome.normal, outcome.at_bound)
    sigma = iter(np.sqrt(np.diagonal(spread)))
    values, bounded = iter(outcome.parameters), iter(outcome.at_bound)
    parameters = {}
    for p in free_parameters.parameters:
        if p.free:
            value, uncertainty, at_bound = next(values), next(sigma), next(bounded)
            if uncertainty > UNDETERMINED * max(abs(value), abs(p.start)):
                uncertainty = np.inf
            p = replace(p, value=float(value), uncertainty=float(uncertainty), at_bound=bool(at_bound))
        parameters[p.name] = p
    undetermined = [p.name for p in parameters.values() if np.isinf(p.uncertainty)]
    ended = Ended.UNDETERMINED if outcome.ended == Ended.CONVERGED and undetermined else outcome.ended
    last = outcome.history[-1]
    chi2 = float(outcome.normal.chi2)
    notes = free_parameters.notes
    if outcome.ended == Ended.CONVERGED:
        notes += tuple(notes_on(fitted, free_parameters))
    return FitResult(
        model=fitted,
        parameters=Parameters(parameters, free_parameters.names_by_path),
        chi2=chi2,
        degrees_of_freedom=fit_input.degrees_of_freedom,
        covariance=spread,
        ended=ended,
        message=ended.message(last.number, last.expected_decrease, undetermined),
        kernel=kernel_of(fitted),
        averages=partial(derived_quantities, fitted, free_parameters.filter, directions.variance, geometry),
        rates=partial(curves_of, fitted, free_parameters.filter, directions.variance, geometry),
        history=outcome.history,
        seconds=seconds,
        notes=notes,
        loss=loss,
        data=fit_input.maps,
    )
