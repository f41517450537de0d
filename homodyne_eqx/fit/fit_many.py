"""Many data sets of one shape, each fitted by itself, in one compiled program."""

import time
from collections.abc import Iterable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import optimistix as optx
from jaxtyping import Array, Float

from ..data import TwoTimeData
from ..data.errors import NoPixelLeft
from ..engine import NormalEquations, Packed
from ..engine.losses import AbstractLoss, Squares
from ..physics.model import TwoTimeModel
from .abstract_problem import residual
from .effects import without_rounding
from .fit_input import FitInput, check_input, input_of, with_maps
from .free_parameters import FreeParameters, ParameterBounds, Priors, choose_free
from .minimiser import TOLERANCE
from .problem import Problem, TooFewPairs, models_with, surplus
from .result.build_result import build_result
from .result.equal_angles import nearest_to_start
from .result.fit_result import FitResult
from .result.unfitted import unfitted
from .solve.ended import Ended
from .solve.levenberg_marquardt import levenberg_marquardt
from .solve.minimise import Iteration, Outcome
from .solve.quadratic import Quadratic, diagonal_of, expected_decrease, on_host, parameters_at_bound, unit_of_step
from .stacked_maps import check_alike, one_by_one, stacked
from .starts.linear_scaling import best_scaling


def fit_many(
    model: TwoTimeModel,
    data: Sequence[TwoTimeData | Packed],
    *,
    free: Iterable[str] | None = None,
    fixed: Iterable[str] = (),
    bounds: ParameterBounds | None = None,
    priors: Priors | None = None,
    loss: AbstractLoss = Squares(),
    max_steps: int = 200,
    tolerance: float | None = None,
) -> list[FitResult]:
    """Fit each data set separately from the same start, all in one compiled program.

    The program takes the data sets one after the other, without a return to Python in between. Many small data sets (a
    temperature scan, a series of samples) take a fraction of the time of `fit` for each. The minimum is the nearest one
    to the start of the model: unlike `fit`, this function compares no other starts and has no stages. If χ² is not
    finite for one data set, or it has fewer pairs of frames than parameters, its result says so, and the other results
    are not affected.

    **Arguments:** `data`: of equal numbers of frames and sectors, and with weights of the same kind (one sigma a
    sector, or one a pixel); q, φ and frame times may differ; other arguments as for `fit`.

    **Returns:** a `FitResult` for each, in the same order; their `history` has the start and the end.

    **Raises:** `ValueError` for no data, or data of different shapes; as `fit` for the rest.
    """
    begun = time.perf_counter()
    check_input(model, *data)
    if not data:
        raise ValueError("data is empty; expected one data set or more.")
    free_parameters = choose_free(model, free, fixed, bounds, priors)
    given = _inputs(model, data, free_parameters, loss)
    numbers = [k for k, each in enumerate(given) if isinstance(each, FitInput)]
    fitted = _fitted([each for each in given if isinstance(each, FitInput)], numbers, max_steps, tolerance, begun)
    of_number = dict(zip(numbers, fitted, strict=True))
    return [each if isinstance(each, FitResult) else of_number[k] for k, each in enumerate(given)]


def _inputs(
    model: TwoTimeModel, data: Sequence[TwoTimeData | Packed], free_parameters: FreeParameters, loss: AbstractLoss
) -> list[FitInput | FitResult]:
    """What is to be fitted; for data that hold too little for a fit, the result that says so."""
    found: list[FitInput | FitResult] = []
    first: FitInput | None = None
    for each in data:
        if not isinstance(each, TwoTimeData | Packed):
            raise TypeError("data holds pairs or one-time data; expected two-time data. Fit those one by one (fit).")
        n_left = surplus(0, free_parameters.free)
        try:
            given = input_of(model, each, free_parameters, loss) if first is None else with_maps(first, each)
            n_left = given.degrees_of_freedom
            given.check_enough()
        except (NoPixelLeft, TooFewPairs) as error:
            found.append(unfitted(model, free_parameters, n_left, type(loss).__name__, str(error)))
        else:
            first = first or given
            found.append(given)
    return found


def _fitted(
    given: Sequence[FitInput], numbers: Sequence[int], max_steps: int, tolerance: float | None, begun: float
) -> list[FitResult]:
    """The results of data sets of one shape. `numbers`: of the data sets; `begun`: when the whole has begun."""
    if not given:
        return []
    packed_sets = [each.packed for each in given if isinstance(each.packed, Packed)]
    check_alike(packed_sets, numbers)
    packed, axes = stacked(packed_sets)
    free_parameters, problem = given[0].free_parameters, given[0].problem(box=True)
    dtype = problem.unknowns.start.dtype
    tolerance = TOLERANCE[str(dtype)] if tolerance is None else tolerance
    at_start = free_parameters.array("value")
    starts = np.tile(at_start, (len(given), 1))
    normals = _each_on_host(_normal_at(problem, packed, axes, jnp.asarray(starts, dtype)))
    for k, normal in enumerate(normals):
        if normal.is_finite:
            starts[k] = best_scaling(free_parameters, starts[k], normal)
    scales = np.stack([_scale(*each) for each in zip(starts, normals, strict=True)])
    arguments = jnp.asarray(starts, dtype), jnp.asarray(scales, dtype)
    reached, last, steps = _solved(levenberg_marquardt(), problem, packed, axes, *arguments, max_steps)
    reached, last, steps = np.asarray(reached, float), _each_on_host(last), np.asarray(steps)
    outcomes = [
        _outcome(problem, each, normals[k], last[k], reached[k], int(steps[k]), max_steps, tolerance, at_start)
        for k, each in enumerate(given)
    ]
    models = models_with(problem.moving, problem.rest, [outcome.parameters for outcome in outcomes])
    total = time.perf_counter() - begun
    return [
        _result(fitted, each, outcome, {"total": total, "packing": each.packing_seconds, "first_step": 0.0})
        for fitted, each, outcome in zip(models, given, outcomes, strict=True)
    ]


def _each_on_host(normal: NormalEquations) -> list[Quadratic]:
    """Those of every data set, from arrays with a leading axis."""
    together = jax.device_get(normal)
    return [on_host(jax.tree.map(lambda x, k=k: x[k], together)) for k in range(len(together.chi2))]


def _outcome(
    problem: Problem,
    given: FitInput,
    first: Quadratic,
    normal: Quadratic,
    parameters: np.ndarray,
    steps: int,
    max_steps: int,
    tolerance: float,
    at_start: np.ndarray,
) -> Outcome:
    """The outcome of one of these minimisations, judged as that of `fit` is."""
    unknowns, degrees = problem.unknowns, given.degrees_of_freedom
    limits = tuple(np.asarray(x, float) for x in (unknowns.low, unknowns.high, unknowns.start))
    if not (normal.is_finite and first.is_finite):
        parameters, normal, left = at_start, first, np.nan
        at_bound, ended = np.zeros(len(parameters), bool), Ended.NOT_FINITE
    else:
        left = expected_decrease(limits, parameters, normal, unknowns.ends_exactly)
        at_bound = parameters_at_bound(*limits, parameters, normal, unknowns.ends_exactly)
        enough = tolerance * max(1.0, normal.chi2 / max(degrees, 1))
        ended = Ended.CONVERGED if left <= enough else Ended.STEP_LIMIT if steps >= max_steps else Ended.STALLED
    moved = float(np.max(np.abs(parameters - at_start) * np.sqrt(diagonal_of(normal)), initial=0.0))
    history = (
        Iteration(0, first.chi2, np.nan, 0.0, at_start, 0.0, degrees),
        Iteration(steps, normal.chi2, left, moved, parameters, 0.0, degrees),
    )
    return Outcome(ended, parameters, normal, history, at_bound, 0.0)


def _result(fitted: TwoTimeModel, given: FitInput, outcome: Outcome, seconds: dict[str, float]) -> FitResult:
    free_parameters, packed, loss = given.free_parameters, given.packed, given.loss
    if outcome.ended != Ended.NOT_FINITE:
        fitted, outcome = nearest_to_start(fitted, free_parameters, outcome, packed, loss)
        outcome = without_rounding(fitted, outcome, free_parameters, packed, loss)
    return build_result(fitted, given, outcome, seconds)


def _scale(start: np.ndarray, normal: Quadratic) -> np.ndarray:
    """The unit of each unknown; 1 where χ² is no number, and nothing is minimised."""
    return unit_of_step(start, normal) if normal.is_finite else np.ones_like(start)


@eqx.filter_jit
def _normal_at(problem: Problem, packed: Packed, axes: Any, starts: Float[Array, "n n_params"]) -> NormalEquations:
    """The normal equations in the parameters, of every data set at its start."""

    def one(of_one: Packed, start: Float[Array, " n_params"]) -> NormalEquations:
        unknowns = problem.unknowns.around(start, jnp.ones_like(start))
        here = eqx.tree_at(lambda p: (p.packed, p.unknowns), problem, (of_one, unknowns))
        return residual(here.start, here)[1]

    return one_by_one(one, packed, axes, starts)


@eqx.filter_jit
def _solved(
    solver: optx.AbstractLeastSquaresSolver,
    problem: Problem,
    packed: Packed,
    axes: Any,
    starts: Float[Array, "n n_params"],
    scales: Float[Array, "n n_params"],
    max_steps: int,
) -> tuple[Array, NormalEquations, Array]:
    """The end of each minimisation, the normal equations there, and its number of steps."""

    def one(of_one: Packed, start: Array, scale: Array) -> tuple[Array, NormalEquations, Array]:
        here = eqx.tree_at(lambda p: (p.packed, p.unknowns), problem, (of_one, problem.unknowns.around(start, scale)))
        found = optx.least_squares(
            residual, solver, here.start, here, here.options, has_aux=True, max_steps=max_steps, throw=False
        )
        return here.parameters(found.value), found.aux, found.stats["num_steps"]

    return one_by_one(one, packed, axes, starts, scales)
