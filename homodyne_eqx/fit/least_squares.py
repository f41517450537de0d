"""Fit a model to two-time data by streaming Levenberg–Marquardt."""

import time
from collections.abc import Callable, Iterable

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import optimistix as optx
from jax.flatten_util import ravel_pytree

from ..core.misfit import AbstractLoss, Squares
from ..core.model import TwoTimeModel
from ..data import TwoTimeData
from ..engine import Packed, pack
from .derived import derived_quantities, kernel_of
from .free import Bounds, Selection, select
from .minimise import Iteration, Outcome, covariance, minimise
from .problem import Problem, Unknowns, model_with
from .result import FitResult, Parameter
from .solver import levenberg_marquardt
from .start import best_scaling

_ENDINGS = {
    "converged": "χ² is at its minimum: it can be expected to fall by no more than {left:.2g} after {n} steps.",
    "stalled": "the solver makes no more progress after {n} steps, yet χ² should still fall by {left:.2g}. "
    "Try another start, or fix parameters that are hardly determined.",
    "step limit": "the limit of {n} steps was reached while χ² should still fall by {left:.2g}. Raise max_steps.",
    "interrupted": "interrupted after {n} steps; these are the best parameters so far.",
    "not finite": "χ² or its derivative is not finite at the parameters reached after {n} steps. Set bounds that exclude them.",
}

_TOLERANCE = {"float64": 1e-6, "float32": 1e-3}


def fit(
    model: TwoTimeModel,
    data: TwoTimeData | Packed,
    *,
    free: Iterable[str] | None = None,
    fixed: Iterable[str] = (),
    bounds: Bounds | None = None,
    loss: AbstractLoss = Squares(),
    solver: optx.AbstractLeastSquaresSolver | None = None,
    max_steps: int = 200,
    tolerance: float | None = None,
    callback: Callable[[Iteration], None] | None = None,
) -> FitResult:
    """The parameters of `model` that minimise χ² = Σ ((data − g2)/σ)² over the pairs of frames, each counted once.

    **Arguments:**

    - `model`: the start: every parameter takes its value from it. Contrast and offset are fitted a sector where they are arrays
      of shape `(n_sector,)`.
    - `data`: two-time data, or data that are packed already (`hx.pack`), which saves folding them again.
    - `free`: names of the parameters to fit, all unless given; `fixed`: names to hold. Documented names where they exist (`D0`), else the
      path in the model (`g1.terms[0].rate.value`).
    - `bounds`: name → (low, high) in the units of the parameter, None for no bound; others keep those that their fields state.
    - `loss`: `Squares()`, or `SoftL1`, `Huber`, `Cauchy` against outliers.
    - `solver`: any Optimistix least-squares solver; Levenberg–Marquardt unless given.
    - `max_steps`; `tolerance`: done when χ² can be expected to fall by less, in units of max(1, reduced χ²): 1e-6 in float64, 1e-3
      in float32.
    - `callback`: called with an `Iteration` after each step. Ctrl-C ends the fit with the best state so far.

    **Returns:** a `FitResult`, which says whether it converged; ask `result.converged`.

    **Raises:** `ValueError` for names, bounds or starts that cannot be, for a model that does not suit the data, and for fewer pairs
    than parameters.
    """
    begun = time.perf_counter()
    selection = select(model, free, fixed, bounds)
    packed = data if isinstance(data, Packed) else pack(data)
    packing = time.perf_counter() - begun
    degrees_of_freedom = packed.n_pairs - len(selection.free)
    if degrees_of_freedom <= 0:
        raise ValueError(
            f"{packed.n_pairs} pairs of frames cannot determine {len(selection.free)} parameters. Fix some, or use more data."
        )
    problem = _problem(model, selection, packed, loss)
    dtype = problem.unknowns.start.dtype
    outcome = minimise(
        problem,
        levenberg_marquardt() if solver is None else solver,
        degrees_of_freedom,
        max_steps,
        _TOLERANCE[str(dtype)] if tolerance is None else tolerance,
        callback,
        lambda parameters, normal: best_scaling(selection, parameters, normal),
    )
    if not outcome.history:
        raise ValueError(
            f"χ² or its derivative is not finite at the start ({_listed(selection)}). Choose another start, or check "
            "that the model suits the data."
        )
    fitted = model_with(problem.moving, problem.rest, jnp.asarray(outcome.parameters, dtype))
    seconds = {"total": time.perf_counter() - begun, "packing": packing, "first_step": outcome.first_call}
    return _result(fitted, selection, outcome, degrees_of_freedom, packed, seconds, loss, data)


def _problem(model: TwoTimeModel, selection: Selection, packed: Packed, loss: AbstractLoss) -> Problem:
    moving, rest = eqx.partition(model, selection.filter)
    dtype = ravel_pytree(moving)[0].dtype
    low, high, start = (jnp.asarray(selection.array(field), dtype) for field in ("low", "high", "value"))
    unknowns = Unknowns(low, high, start, jnp.maximum(jnp.abs(start), 1e-6) / 10)
    return Problem(moving, rest, unknowns, packed, loss)


def _result(
    fitted: TwoTimeModel,
    selection: Selection,
    outcome: Outcome,
    degrees_of_freedom: int,
    packed: Packed,
    seconds: dict[str, float],
    loss: AbstractLoss,
    data: TwoTimeData | Packed,
) -> FitResult:
    spread = covariance(outcome.normal, outcome.at_bound)
    sigma = iter(np.sqrt(np.diagonal(spread)))
    values, held = iter(outcome.parameters), iter(outcome.at_bound)
    parameters = {}
    for e in selection.entries:
        value, uncertainty, at_bound = (next(values), next(sigma), next(held)) if e.free else (e.value, np.nan, False)
        parameters[e.name] = Parameter(
            e.name, float(value), float(uncertainty), e.unit, e.low, e.high, e.value, e.free, bool(at_bound)
        )
    derived = {
        name: Parameter(name, value, uncertainty, unit, -np.inf, np.inf, np.nan, True, False)
        for name, value, uncertainty, unit in derived_quantities(fitted, selection.filter, spread, packed.geometry)
    }
    last = outcome.history[-1]
    ended, message = outcome.ended, _ENDINGS[outcome.ended].format(n=last.number, left=last.expected_decrease)
    lost = [p.name for p in parameters.values() if np.isinf(p.uncertainty)]
    if ended == "converged" and lost:
        ended = "undetermined"
        message = f"the data do not determine {', '.join(lost)}: χ² is at its minimum whatever their value. Fix them."
    return FitResult(
        model=fitted,
        parameters=parameters,
        chi2=float(outcome.normal.chi2),
        degrees_of_freedom=degrees_of_freedom,
        covariance=spread,
        ended=ended,
        message=message,
        kernel=kernel_of(fitted),
        derived=derived,
        history=outcome.history,
        seconds=seconds,
        notes=selection.notes,
        loss=type(loss).__name__,
        data=data if isinstance(data, TwoTimeData) else None,
    )


def _listed(selection: Selection) -> str:
    return ", ".join(f"{entry.name} = {entry.value:g}" for entry in selection.entries)
