"""Fit several data sets at once: one physics, each its own contrast and offset."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import optimistix as optx

from ..engine.losses import AbstractLoss
from ..fit.free_parameters import ParameterBounds, Priors
from ..fit.minimiser import TOLERANCE
from ..fit.problem import checked_surplus, not_finite_at
from ..fit.result.fit_result import FitResult
from ..fit.solve.ended import Ended
from ..fit.solve.levenberg_marquardt import knows_bounds
from ..fit.solve.minimise import Iteration, minimise
from .best_start import best_start
from .build_joint_result import build_joint_result
from .joint_problem import joint_problem, part_of
from .joint_result import JointResult
from .members import DataSets, Members, Models, members_of

FitOne = Callable[..., FitResult]
"""The fit of one data set alone: `fit`, of a model and data."""


def fit_jointly(
    fit_one: FitOne,
    models: Models,
    data: DataSets,
    *,
    shared: Iterable[str] | None,
    separate: Iterable[str],
    free: Iterable[str] | None,
    fixed: Iterable[str],
    bounds: ParameterBounds | None,
    priors: Priors | None,
    loss: AbstractLoss,
    solver: optx.AbstractLeastSquaresSolver,
    max_steps: int,
    tolerance: float | None,
    callback: Callable[[Iteration], None] | None,
    options: Mapping[str, Any],
) -> JointResult:
    """The arguments are those of `fit`; `options`: those of the fit of each data set by itself, which comes first.

    The joint minimum is sought from the start of the model, from where each data set leads by itself, and from the
    mean of all these, weighted with what each determines: from the one of least χ². So each data set may have several
    minima, as long as one of them leads to the right one.
    """
    begun = time.perf_counter()
    members = members_of(models, data, shared, separate, free, fixed, bounds, priors, loss)
    n_left = checked_surplus(members.n_pairs, members.free)
    alone, notes = _each_alone(fit_one, members, loss, solver, max_steps, tolerance, options)
    parts = [part_of(m.given.model, m.given.free_parameters, m.given.packed, loss, m.places) for m in members.each]
    start = best_start(members, parts, alone)
    problem = joint_problem(parts, members.started(start).free, knows_bounds(solver))
    tolerance = TOLERANCE[str(problem.unknowns.start.dtype)] if tolerance is None else tolerance
    interrupted = any(result is not None and result.ended == Ended.INTERRUPTED for result in alone)
    outcome = minimise(problem, solver, n_left, 0 if interrupted else max_steps, tolerance, callback)
    if not outcome.history:
        raise not_finite_at(members.parameters)
    if interrupted:
        outcome = replace(outcome, ended=Ended.INTERRUPTED)
    seconds = {
        "total": time.perf_counter() - begun,
        "packing": sum(member.given.packing_seconds for member in members.each),
        "first_step": outcome.first_call,
    }
    return build_joint_result(members, parts, alone, outcome, n_left, notes, seconds)


def _each_alone(
    fit_one: FitOne,
    members: Members,
    loss: AbstractLoss,
    solver: optx.AbstractLeastSquaresSolver,
    max_steps: int,
    tolerance: float | None,
    options: Mapping[str, Any],
) -> tuple[list[FitResult | None], list[str]]:
    """Each data set fitted by itself, and sentences on those that cannot be. Ctrl-C ends it: the others are `None`."""
    found: list[FitResult | None] = []
    notes = []
    for member in members.each:
        if found and found[-1] is not None and found[-1].ended == Ended.INTERRUPTED:
            found += [None] * (len(members.each) - len(found))
            break
        given = member.given
        own = given.free_parameters.free
        settings = {
            "free": list(dict.fromkeys(p.leaf for p in own)),
            "bounds": {p.name: (p.low, p.high) for p in own},
            "priors": {p.name: p.prior for p in own if p.prior is not None},
        }
        try:
            found.append(
                fit_one(
                    given.model,
                    given.source,
                    loss=loss,
                    solver=solver,
                    max_steps=max_steps,
                    tolerance=tolerance,
                    **settings,
                    **options,
                )
            )
        except ValueError as error:
            found.append(None)
            notes.append(f"{member.label} was not fitted by itself: {error}")
    return found, notes
