"""Drive a least-squares solver to the minimum, and judge honestly whether it got there."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import optimistix as optx

from ..abstract_problem import AbstractProblem
from .ended import Ended
from .iteration import Iteration
from .levenberg_marquardt import initial_arrays, take_step
from .quadratic import Quadratic, diagonal_of, expected_decrease, on_host, parameters_at_bound, unit_of_step
from .valley import in_valley, running_along

_Problem = TypeVar("_Problem", bound=AbstractProblem)
_PATIENCE = 15
_PROGRESS = 1e-3
_RESTARTS = 3


@dataclass(frozen=True)
class Outcome:
    """The end of a minimisation: its point, and the reason.

    - `ended`: any ending but "undetermined", which the covariance shows later;
    - `parameters`: values of the free parameters; `normal`: the normal equations there;
    - `at_bound`: which of the parameters lie on a bound;
    - `history`: every step, none where χ² is not finite at the start;
    - `first_call`: seconds until the first step was done, compilation included;
    - `running`: numbers of the parameters that change together in a valley, if it ended in one;
    - `interrupted`: whether Ctrl-C came, also where χ² was at its minimum already and `ended` is "converged".
    """

    ended: Ended
    parameters: np.ndarray
    normal: Quadratic
    history: tuple[Iteration, ...]
    at_bound: np.ndarray
    first_call: float
    interrupted: bool = False
    running: tuple[int, ...] = ()


class _Minimum(NamedTuple):
    """A state from which χ² can be expected to fall by less than the tolerance: the last of the history."""

    parameters: np.ndarray
    normal: Quadratic


def minimise(
    problem: AbstractProblem,
    solver: optx.AbstractLeastSquaresSolver,
    degrees_of_freedom: int,
    max_steps: int,
    tolerance: float,
    callback: Callable[[Iteration], None] | None = None,
    prepare: Callable[[np.ndarray, Quadratic], np.ndarray] = lambda parameters, normal: parameters,
    first_step_size: float = 1.0,
) -> Outcome:
    """Iterate until χ² can be expected to fall by less than `tolerance` (in units of max(1, reduced χ²)).

    From there one step more is taken: where steps are those of Newton it ends far below the tolerance. If that step
    leads to where χ² is higher or not finite, or if Ctrl-C comes in it, the state before it is the result: "converged".
    The fit goes on only where that step has refuted the estimate: χ² has fallen by more than the tolerance, and should
    still fall by more.

    Where the solver gives up before, or makes no progress in 16 steps (none is taken, or χ² falls by less than a
    thousandth of the tolerance in each), the unknowns are rescaled to the place that it has reached and it starts again
    from there, three times at most. It ends in a valley where χ² falls ever more slowly although the parameters go on
    (`in_valley`). Ctrl-C ends the loop with the best state so far.

    **Arguments:** `prepare`: from the start and the normal equations there to a better start, before the first step;
    `first_step_size`: by how much the first step may change √χ² in one parameter, see `rescaled`. More than 1 saves
    steps next to a minimum and costs some elsewhere.
    """
    begun = time.perf_counter()
    problem = problem.beside_data()
    history: list[Iteration] = []
    unknowns = problem.unknowns
    limits = tuple(np.asarray(x, float) for x in (unknowns.low, unknowns.high, unknowns.start))
    exactly = unknowns.ends_exactly
    ended, restarts, idle, first_call = Ended.STEP_LIMIT, 0, 0, 0.0
    y, carried, before = problem.start, None, None
    parameters, normal = np.asarray(problem.unknowns.start), None
    minimum: _Minimum | None = None
    interrupted = False
    try:
        while len(history) <= max_steps:
            if carried is None:
                carried = initial_arrays(solver, y, problem)
            position, done = take_step(solver, y, problem, carried)
            y, carried = position.y, position.carried
            parameters, normal = np.asarray(position.parameters, float), on_host(position.normal)
            first_call = first_call or time.perf_counter() - begun
            if not normal.is_finite:
                ended = Ended.NOT_FINITE
                if before is not None and not np.all(np.isfinite(parameters)):
                    parameters = before  # what to exclude, which NaN would not tell
                break
            left = expected_decrease(limits, parameters, normal, exactly)
            moved = 0.0 if before is None else float(np.max(np.abs(parameters - before) * np.sqrt(diagonal_of(normal))))
            enough = tolerance * max(1.0, float(normal.chi2) / max(1, degrees_of_freedom))
            in_vain = before is not None and (moved == 0 or history[-1].chi2 - normal.chi2 <= _PROGRESS * enough)
            idle = idle + 1 if in_vain else 0
            before = parameters
            is_second = minimum is not None
            if minimum is not None:
                fallen = minimum.normal.chi2 - normal.chi2
                if fallen < 0 or (left > enough and fallen <= enough):
                    break
            elapsed = time.perf_counter() - begun
            history.append(
                Iteration(len(history), float(normal.chi2), left, moved, parameters, elapsed, degrees_of_freedom)
            )
            minimum = _Minimum(parameters, normal) if left <= enough else None
            if callback is not None:
                callback(history[-1])
            if minimum is not None:
                if is_second or len(history) == 1:
                    break
                continue  # one step more leads from within the tolerance to the minimum itself
            if in_valley(history):
                ended = Ended.VALLEY
                break
            if len(history) == 1:
                start = prepare(parameters, normal)
                problem = rescaled(problem, start, normal, first_step_size)
                y, carried = problem.start, None
            elif bool(done) or idle > _PATIENCE:
                if restarts == _RESTARTS:
                    ended = Ended.STALLED
                    break
                restarts, idle = restarts + 1, 0
                problem = rescaled(problem, parameters, normal)
                y, carried = problem.start, None
    except KeyboardInterrupt:
        ended, interrupted = Ended.INTERRUPTED, True
        if normal is None or not history:
            raise
    if minimum is not None:
        ended, parameters, normal = Ended.CONVERGED, minimum.parameters, minimum.normal
    at_bound = parameters_at_bound(*limits, parameters, normal, exactly)
    running = running_along(history, normal) if ended == Ended.VALLEY else ()
    return Outcome(ended, parameters, normal, tuple(history), at_bound, first_call, interrupted, running)


def rescaled(problem: _Problem, parameters: np.ndarray, normal: Quadratic, unit: float = 1.0) -> _Problem:
    """The same problem with y = 0 at these parameters, and y scaled such that a change of 1 changes √χ² by `unit`."""
    dtype = problem.unknowns.start.dtype
    scale = unit * unit_of_step(parameters, normal)
    unknowns = problem.unknowns.around(jnp.asarray(parameters, dtype), jnp.asarray(scale, dtype), unit)
    return eqx.tree_at(lambda p: p.unknowns, problem, unknowns).beside_data()
