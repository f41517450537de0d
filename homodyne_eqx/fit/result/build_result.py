"""From the end of a minimisation to a result that says everything about it."""

from dataclasses import replace
from functools import partial

import numpy as np

from ...data import TwoTimeData
from ...engine import Packed
from ...physics.model import TwoTimeModel
from ..free_parameters import FreeParameters
from ..parameter import Parameters
from ..solve.minimise import Outcome
from ..solve.quadratic import UNDETERMINED
from ..uncertainty.covariance import covariance, inverse
from .derived import curves_of, derived_quantities
from .fit_result import FitResult
from .kernel import kernel_of
from .notes import notes_on

_ENDINGS = {
    "converged": "χ² is at its minimum: it can be expected to fall by no more than {left:.2g} after {n} steps.",
    "stalled": "the solver makes no more progress after {n} steps, yet χ² should still fall by {left:.2g}. "
    "Try another start, or fix parameters that are hardly determined.",
    "step limit": "the limit of {n} steps was reached while χ² should still fall by {left:.2g}. Allow more.",
    "interrupted": "interrupted after {n} steps; these are the best parameters so far.",
    "not finite": "χ² or its derivative is not finite at the parameters reached after {n} steps. "
    "Set bounds that exclude them.",
}


def build_result(
    fitted: TwoTimeModel,
    free_parameters: FreeParameters,
    outcome: Outcome,
    packed: Packed,
    seconds: dict[str, float],
    loss: str,
    data: TwoTimeData | None,
) -> FitResult:
    """The result of a fit from how its minimisation ended."""
    spread, directions = covariance(outcome.normal, outcome.at_bound), inverse(outcome.normal, outcome.at_bound)
    sigma = iter(np.sqrt(np.diagonal(spread)))
    values, held = iter(outcome.parameters), iter(outcome.at_bound)
    parameters = {}
    for p in free_parameters.parameters:
        if p.free:
            value, uncertainty, at_bound = next(values), next(sigma), next(held)
            if uncertainty > UNDETERMINED * max(abs(value), abs(p.start)):
                uncertainty = np.inf
            p = replace(p, value=float(value), uncertainty=float(uncertainty), at_bound=bool(at_bound))
        parameters[p.name] = p
    last = outcome.history[-1]
    ended, message = outcome.ended, _ENDINGS[outcome.ended].format(n=last.number, left=last.expected_decrease)
    lost = [p.name for p in parameters.values() if np.isinf(p.uncertainty)]
    if ended == "converged" and lost:
        ended = "undetermined"
        message = f"the data do not determine {', '.join(lost)}: χ² is at its minimum whatever their value. Fix them."
    chi2, degrees_of_freedom = float(outcome.normal.chi2), packed.n_pairs - len(free_parameters.free)
    notes = free_parameters.notes
    if outcome.ended == "converged":
        notes += tuple(notes_on(fitted, free_parameters, chi2 / degrees_of_freedom, data, loss))
    return FitResult(
        model=fitted,
        parameters=Parameters(parameters, free_parameters.names_by_path),
        chi2=chi2,
        degrees_of_freedom=degrees_of_freedom,
        covariance=spread,
        ended=ended,
        message=message,
        kernel=kernel_of(fitted),
        averages=partial(derived_quantities, fitted, free_parameters.filter, directions.variance, packed.geometry),
        rates=partial(curves_of, fitted, free_parameters.filter, directions.variance, packed.geometry),
        history=outcome.history,
        seconds=seconds,
        notes=notes,
        loss=loss,
        data=data,
    )
