"""Fit models with many parameters by gradient descent: Optax over the streaming value and gradient."""

import functools
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..engine import AbstractPacked, chi_squared, normal_equations
from ..engine.devices import on_default
from ..engine.losses import AbstractLoss, Squares
from ..physics.model import TwoTimeModel
from .effects import without_rounding
from .fit_input import FitData, FitInput, fit_input
from .free_parameters import ParameterBounds, Priors
from .priors.prior_rows import prior_rows
from .problem import Problem, not_finite_at, values_of
from .result.build_result import build_result
from .result.equal_angles import nearest_to_start
from .result.fit_result import FitResult
from .solve.ended import Ended
from .solve.minimise import Iteration, Outcome
from .solve.quadratic import Quadratic, expected_decrease, on_host, parameters_at_bound

_NORMAL_EQUATIONS_AT_MOST = 500


def descend(
    model: TwoTimeModel,
    data: FitData,
    optimiser: Any = None,
    *,
    steps: int = 500,
    tiles_a_step: int | None = None,
    seed: int = 0,
    free: Iterable[str] | None = None,
    fixed: Iterable[str] = (),
    bounds: ParameterBounds | None = None,
    priors: Priors | None = None,
    loss: AbstractLoss = Squares(),
    tolerance: float = 1e-2,
    callback: Callable[[Iteration], None] | None = None,
) -> FitResult:
    """Minimise χ² per pair of frames with an Optax optimiser; for models of many parameters, a network as a rate
    among them.

    Every step costs one value and gradient, tile by tile, for any number of parameters. For up to about a hundred
    parameters `fit` needs far fewer steps.

    **Arguments:**

    - `optimiser`: `optax.lbfgs()` by default, or any other, such as `optax.adam(1e-2)`. It works with parameters
      divided by the magnitude of their start (of 1, if smaller), within their bounds.
    - `steps`: the largest number of steps; `tiles_a_step`: the number of tiles in a minibatch, drawn with `seed`; by
      default all tiles. A line search (L-BFGS) needs all tiles.
    - other arguments as for `fit`. `tolerance`: the fit has converged if the expected further decrease of χ² is
      smaller, in units of max(1, reduced χ²); this is computed from the normal equations at the end.

    **Returns:** a `FitResult`. It counts as converged only if the normal equations at its end show a minimum. For more
    than 500 parameters they are not computed, uncertainties are infinite, and the result says "step limit". Ctrl-C ends
    it with the best state so far.

    **Raises:** as `fit`; `ValueError` where χ² or its gradient is not finite at the start, for less than one step, and
    for minibatches without an optimiser that suits them.
    """
    begun = time.perf_counter()
    given = fit_input(model, data, free, fixed, bounds, loss, priors)
    given = replace(given, free_parameters=given.free_parameters.off_bounds())
    _check_steps(optimiser, steps, tiles_a_step, given.packed)
    problem = _in_units_of_the_start(given.problem())
    descent = _descended(
        problem, _default_optimiser() if optimiser is None else optimiser, steps, tiles_a_step, seed, given, callback
    )
    fitted = on_default(problem.model(descent.best))
    outcome = _judged(fitted, given, tolerance, descent)
    fitted, outcome = nearest_to_start(fitted, given.free_parameters, outcome, given.packed, loss)
    outcome = without_rounding(fitted, outcome, given.free_parameters, given.packed, loss)
    seconds = {
        "total": time.perf_counter() - begun,
        "packing": given.packing_seconds,
        "first_step": given.packing_seconds + descent.first_call,
    }
    return build_result(fitted, given, outcome, seconds)


@functools.cache
def _default_optimiser() -> Any:
    """L-BFGS, one for all descents: another one would be another program to compile."""
    import optax

    return optax.lbfgs()


def _check_steps(optimiser: Any, steps: int, tiles_a_step: int | None, packed: AbstractPacked) -> None:
    if steps < 1:
        raise ValueError(f"steps is {steps}; expected 1 or more.")
    if optimiser is None and tiles_a_step is not None:
        raise ValueError(
            "L-BFGS searches along a line and needs all tiles at every step. Pass optimiser=optax.adam(…)."
        )
    if tiles_a_step is not None and not 1 <= tiles_a_step <= packed.n_tiles:
        raise ValueError(f"tiles_a_step is {tiles_a_step}; expected 1 to {packed.n_tiles}, the tiles there are.")


def _in_units_of_the_start(problem: Problem) -> Problem:
    """The problem with unknowns of which 1 is the magnitude of the start of a parameter, or 1 if that is smaller."""
    start = problem.unknowns.start
    unknowns = problem.unknowns.around(start, jnp.maximum(jnp.abs(start), 1))
    return eqx.tree_at(lambda p: p.unknowns, problem, unknowns)


class _Descent(NamedTuple):
    """The end of the descent: the unknowns with the least χ² (of minibatches the last ones), and every step."""

    ended: Ended
    best: Float[Array, " n_params"]
    history: list[Iteration]
    first_call: float


def _descended(
    problem: Problem,
    optimiser: Any,
    steps: int,
    tiles_a_step: int | None,
    seed: int,
    given: FitInput,
    callback: Callable[[Iteration], None] | None,
) -> _Descent:
    begun = time.perf_counter()
    carried = _Carried(problem.start, optimiser.init(problem.start))
    history, ended, first_call = [], Ended.STEP_LIMIT, 0.0
    best, least = carried.y, np.inf
    share = (tiles_a_step or given.packed.n_tiles) / given.packed.n_tiles
    try:
        for step, batch in enumerate(_batches(given.packed, tiles_a_step, seed, steps)):
            before = carried.y
            of_batch = eqx.tree_at(lambda p: p.packed, problem, batch)
            moved, value, finite = _step(optimiser, carried, of_batch, jnp.asarray(share, carried.y.dtype))
            first_call = first_call or time.perf_counter() - begun
            if not finite:
                ended = Ended.NOT_FINITE
                break
            carried, value = moved, float(value) / share
            if tiles_a_step is not None:
                best = carried.y
            elif value < least:
                best, least = before, value
            history.append(
                Iteration(
                    number=step,
                    chi2=value,
                    expected_decrease=np.nan,
                    moved=float(jnp.max(jnp.abs(carried.y - before))),
                    parameters=np.asarray(problem.parameters(before), float),
                    elapsed=time.perf_counter() - begun,
                    degrees_of_freedom=given.degrees_of_freedom,
                )
            )
            if callback is not None:
                callback(history[-1])
    except KeyboardInterrupt:
        ended = Ended.INTERRUPTED
        if not history:
            raise
    if not history:
        raise not_finite_at(given.free_parameters.parameters)
    return _Descent(ended, best, history, first_call)


def _batches(packed: AbstractPacked, tiles_a_step: int | None, seed: int, steps: int) -> Iterator[AbstractPacked]:
    """The data of each step: all, or some tiles drawn at random."""
    key = jax.random.key(seed)
    for _ in range(steps):
        if tiles_a_step is None:
            yield packed
        else:
            key, draw = jax.random.split(key)
            yield packed.subset(jax.random.choice(draw, packed.n_tiles, (tiles_a_step,), replace=False))


class _Carried(NamedTuple):
    y: Float[Array, " n_params"]
    state: Any


@eqx.filter_jit
def _step(
    optimiser: Any, carried: _Carried, problem: Problem, share: Float[Array, ""]
) -> tuple[_Carried, Array, Array]:
    """One step; χ² before it, and whether that and its gradient are finite. `share`: of all tiles that these are, with
    which the priors count beside them."""
    import optax

    n_pairs = problem.packed.n_pairs

    def mean(y: Array) -> Array:
        of_data = chi_squared(problem.model(y), problem.packed, problem.loss)
        return (of_data + share * problem.priors.chi2(problem.parameters(y))) / n_pairs

    value, gradient = jax.value_and_grad(mean)(carried.y)
    updates, state = optax.with_extra_args_support(optimiser).update(
        gradient, carried.state, carried.y, value=value, grad=gradient, value_fn=mean
    )
    finite = jnp.isfinite(value) & jnp.all(jnp.isfinite(gradient))
    return _Carried(optax.apply_updates(carried.y, updates), state), value * n_pairs, finite


def _judged(fitted: TwoTimeModel, given: FitInput, tolerance: float, descent: _Descent) -> Outcome:
    """The outcome of the descent, by the normal equations if their size allows them."""
    free_parameters, packed, loss = given.free_parameters, given.packed, given.loss
    parameters = values_of(fitted, free_parameters.filter)
    n, ended = parameters.size, descent.ended
    if n > _NORMAL_EQUATIONS_AT_MOST:
        chi2 = float(eqx.filter_jit(chi_squared)(fitted, packed, loss))
        normal, left = Quadratic(np.zeros((n, n)), np.zeros(n), chi2), np.inf
    else:
        found = eqx.filter_jit(normal_equations)(fitted, packed, loss, free_parameters.filter)
        rows = prior_rows(free_parameters.free, found.vector.dtype)
        normal = on_host(rows.added_to(found, jnp.asarray(parameters, found.vector.dtype)))
        left = expected_decrease(free_parameters.limits(), parameters, normal) if normal.is_finite else np.inf
    if not normal.is_finite:
        ended = Ended.NOT_FINITE
    elif ended == Ended.STEP_LIMIT and left <= tolerance * max(1.0, float(normal.chi2) / given.degrees_of_freedom):
        ended = Ended.CONVERGED
    last = descent.history[-1]
    end = Iteration(last.number + 1, float(normal.chi2), left, 0.0, parameters, last.elapsed, given.degrees_of_freedom)
    at_bound = parameters_at_bound(*free_parameters.limits(), parameters, normal)
    history, interrupted = (*descent.history, end), descent.ended == Ended.INTERRUPTED
    return Outcome(ended, parameters, normal, history, at_bound, descent.first_call, interrupted)
