"""Fit a model to one set of two-time data by streaming Levenberg–Marquardt."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import optimistix as optx

from ..engine.losses import AbstractLoss, Squares
from ..physics.model import TwoTimeModel
from .effects import without_rounding
from .fit_input import FitData, FitInput, fit_input
from .free_parameters import ParameterBounds, Priors
from .minima import Reached, deepest_minimum
from .minimiser import Minimiser
from .result.build_result import build_result
from .result.equal_angles import nearest_to_start
from .result.fit_result import FitResult
from .solve.ended import Ended
from .solve.levenberg_marquardt import knows_bounds, levenberg_marquardt
from .solve.minimise import Iteration
from .starts.short_forms import number_drawn, stages_of
from .starts.stage import AbstractStage, run_stages
from .weighted.estimate import INDEPENDENT
from .weighted.weighted_result import check_weights, weighted_result


def fit(
    model: TwoTimeModel,
    data: FitData,
    *,
    free: Iterable[str] | None = None,
    fixed: Iterable[str] = (),
    bounds: ParameterBounds | None = None,
    priors: Priors | None = None,
    loss: AbstractLoss = Squares(),
    solver: optx.AbstractLeastSquaresSolver | None = None,
    max_steps: int = 200,
    tolerance: float | None = None,
    callback: Callable[[Iteration], None] | None = None,
    eliminate_scaling: bool = False,
    stages: Iterable[AbstractStage] | None = None,
    starts: int | Iterable[Mapping[str, Any]] | None = None,
    estimate: bool | None = None,
    weights: str = INDEPENDENT,
    **short_forms: Any,
) -> FitResult:
    """The fit of one data set; `homodyne_eqx.fit` says what the arguments mean.

    **Returns:** a `FitResult`. **Raises:** as `homodyne_eqx.fit`.
    """
    begun = time.perf_counter()
    _check_elimination(eliminate_scaling, loss)
    check_weights(weights, data, loss)
    drawn = number_drawn(starts)
    chosen = stages_of(stages, None if drawn else starts, short_forms)
    solver = solver or levenberg_marquardt()
    given = fit_input(model, data, free, fixed, bounds, loss, priors)
    _check_priors(eliminate_scaling, given)
    if not knows_bounds(solver):
        given = replace(given, free_parameters=given.free_parameters.off_bounds())
    minimiser = Minimiser(given.model, loss, solver, max_steps, tolerance, callback, eliminate_scaling)
    waypoint, stage_seconds = run_stages(chosen, given, minimiser)
    last = replace(minimiser, max_steps=0) if waypoint.interrupted else minimiser
    fitted, outcome = last.minimum(waypoint.reached, given.packed, waypoint.first_step_size)
    if waypoint.interrupted:
        outcome = replace(outcome, ended=Ended.INTERRUPTED)
    others = stages is None if estimate is None else estimate
    compared = deepest_minimum(Reached(fitted, outcome), waypoint.start, given.packed, last, others, drawn)
    fitted, outcome = compared.best
    notes = (*waypoint.start.notes, *waypoint.notes, *compared.notes)
    free_parameters = replace(waypoint.start, notes=notes)
    fitted, outcome = nearest_to_start(fitted, free_parameters, outcome, given.packed, loss)
    outcome = without_rounding(fitted, outcome, free_parameters, given.packed, loss)
    seconds = {
        "total": time.perf_counter() - begun,
        "packing": given.packing_seconds,
        "first_step": outcome.first_call,
        **stage_seconds,
    }
    given = replace(given, free_parameters=free_parameters)
    if weights == INDEPENDENT:
        result = build_result(fitted, given, outcome, seconds)
    else:
        result = weighted_result(fitted, given, outcome, seconds, last)
    return replace(result, minima=compared.minima)


def _check_elimination(eliminate_scaling: bool, loss: AbstractLoss) -> None:
    if eliminate_scaling and loss.reweights:
        raise ValueError(
            f"eliminate_scaling was asked for with the loss {type(loss).__name__}; the best contrast and offset have a "
            "closed form under Squares only. Leave out eliminate_scaling, or the loss."
        )


def _check_priors(eliminate_scaling: bool, given: FitInput) -> None:
    named = [p.name for p in given.free_parameters.free if p.of_scaling and p.prior is not None]
    if eliminate_scaling and named:
        raise ValueError(
            f"{', '.join(named)} has a prior, and the closed form that eliminates contrast and offset does not "
            "include priors. "
            "Leave out eliminate_scaling, or the prior."
        )
