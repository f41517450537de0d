"""Fit a model to two-time data by streaming Levenberg–Marquardt."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import optimistix as optx
from jaxtyping import Array, Float

from ..data import TwoTimeData, block_averaged
from ..engine import NormalEquations, Packed, normal_equations, pack, with_best_scaling
from ..engine.losses import AbstractLoss, Squares
from ..physics.model import TwoTimeModel
from ..physics.per_sector import check_sectors
from .free_parameters import FreeParameters, ParameterBounds, choose_free
from .problem import Problem, degrees_of_freedom, model_with, not_finite_at, problem_of, values_of
from .result.build_result import build_result
from .result.equal_angles import nearest_to_start
from .result.fit_result import FitResult
from .solve.levenberg_marquardt import levenberg_marquardt
from .solve.minimise import Iteration, Outcome, minimise
from .solve.quadratic import on_host, touching
from .starts.linear_scaling import best_scaling
from .starts.scan import STEPS, Comparison, Stretch, compared
from .starts.tile_subset import REACH, ROUGHLY, tile_subset

_TOLERANCE = {"float64": 1e-6, "float32": 1e-3}


def fit(
    model: TwoTimeModel,
    data: TwoTimeData | Packed,
    *,
    free: Iterable[str] | None = None,
    fixed: Iterable[str] = (),
    bounds: ParameterBounds | None = None,
    loss: AbstractLoss = Squares(),
    solver: optx.AbstractLeastSquaresSolver | None = None,
    max_steps: int = 200,
    tolerance: float | None = None,
    callback: Callable[[Iteration], None] | None = None,
    eliminate_scaling: bool = False,
    coarse: int = 1,
    sample: bool = True,
    scan: bool = True,
    starts: Iterable[Mapping[str, Any]] | None = None,
) -> FitResult:
    """The parameters of `model` that minimise χ² = Σ ((data − g2)/σ)² over the pairs of frames, each counted once.

    **Arguments:**

    - `model`: the start: every parameter takes its value from it. Contrast and offset are fitted a sector where they
      are arrays of shape `(n_sector,)`.
    - `data`: two-time data, or data that are packed already (`hx.pack`), which saves folding them again.
    - `free`: names of the parameters to fit, all unless given (but for those that a term holds by its nature);
      `fixed`: names to hold. Documented names where they exist (`D0`), else that of the term
      and the place in it (`diffusion.rate`, `diffusion_2.rate` for the second), or the path in the model
      (`g1.terms[0].rate.value`).
    - `bounds`: name → (low, high) in the units of the parameter, None for no bound; others keep those that their
      fields state.
    - `loss`: `Squares()`, or `SoftL1`, `Huber`, `Cauchy` against outliers.
    - `solver`: any Optimistix least-squares solver; Levenberg–Marquardt unless given.
    - `max_steps`; `tolerance`: done when χ² can be expected to fall by less, in units of max(1, reduced χ²): 1e-6 in
      float64, 1e-3 in float32.
    - `callback`: called with an `Iteration` after each step, those on averaged or sampled data included, which are
      numbered on their own. Ctrl-C ends the fit with the best state so far.
    - `eliminate_scaling`: contrast and offset are put to their best in closed form at every step instead of being
      unknowns of the solver (variable projection). Same result; a step costs up to twice as much, and there may be
      fewer of them, or more. For squares alone: under another loss there is no closed form.
    - `coarse`: first fit data averaged over blocks of `coarse` × `coarse` frames, and start from what that gives.
      Same result.
    - `sample`: of more than 50 million pairs, first fit some (the tiles of frames along the diagonal and as many
      others), and start from what that gives. Same result, in a fraction of the time where the way to it is long.
    - `scan`: where the correlation oscillates in a parameter (the frequency of an `Echo`, the velocity of
      `TwoComponents`), χ² has many minima: try many values between half and twice its start, 3 rad over the run apart
      (64 at most), at two phases, and go on from the best after four steps of each. Costs nothing without such a
      parameter. Switch it off where the start is good to 1 rad over the run.
    - `starts`: a list of starts, each name → value, of any free parameters; what one does not name is as in `model`.
      They are compared in the same way, instead of a scan. `result.notes` says how many there were and which won.

    **Returns:** a `FitResult`, which says whether it converged; ask `result.converged`.

    **Raises:** `ValueError` for names, bounds or starts that cannot be, for a model that does not suit the data, for
    fewer pairs than parameters, and for contrast and offset that cannot be eliminated.
    """
    begun = time.perf_counter()
    if eliminate_scaling and loss.reweights:
        raise ValueError(
            f"eliminate_scaling was asked for with the loss {type(loss).__name__}; the best contrast and offset have a "
            "closed form under Squares only. Leave eliminate_scaling off, or the loss."
        )
    check_sectors(model, data.geometry)
    free_parameters = choose_free(model, free, fixed, bounds)
    run = _Run(loss, solver or levenberg_marquardt(), max_steps, tolerance, callback)
    averaged = pack(block_averaged(_unpacked(data), coarse)) if coarse > 1 else None
    packed = data if isinstance(data, Packed) else pack(data)
    packing = time.perf_counter() - begun

    def steps_from(start: FreeParameters, some: Packed) -> Stretch | None:
        return run.stretch(model, start, some, eliminate_scaling)

    comparison = compared(model, free_parameters, packed if averaged is None else averaged, scan, starts, steps_from)
    comparing = time.perf_counter() - begun - packing
    approach = run.approached(model, comparison, averaged, packed, sample, eliminate_scaling)
    approaching = time.perf_counter() - begun - packing - comparing
    if approach.interrupted:
        run = replace(run, max_steps=0)
    fitted, outcome = run.minimum(model, approach.reached, packed, eliminate_scaling, approach.reach)
    if approach.interrupted:
        outcome = replace(outcome, ended="interrupted")
    free_parameters = replace(comparison.start, notes=(*comparison.start.notes, *approach.notes))
    fitted, outcome = nearest_to_start(fitted, free_parameters, outcome, packed, loss)
    seconds = {"total": time.perf_counter() - begun, "packing": packing, "first_step": outcome.first_call}
    seconds |= {"starts": comparing} if comparison.notes else {}
    seconds |= {"first_stages": approaching} if approach is not comparison else {}
    original = data if isinstance(data, TwoTimeData) else None
    return build_result(fitted, free_parameters, outcome, packed, seconds, type(loss).__name__, original)


@dataclass(frozen=True)
class _Run:
    """What stays the same from one minimisation of a fit to the next."""

    loss: AbstractLoss
    solver: optx.AbstractLeastSquaresSolver
    max_steps: int
    tolerance: float | None
    callback: Callable[[Iteration], None] | None

    def minimum(
        self, model: TwoTimeModel, free_parameters: FreeParameters, packed: Packed, eliminate: bool, reach: float = 1.0
    ) -> tuple[TwoTimeModel, Outcome]:
        """The model at the minimum of χ² from this start, and how it was reached."""
        outcome, problem = self._descended(
            model, free_parameters, packed, eliminate, self.max_steps, self.callback, reach
        )
        if not outcome.history:
            raise not_finite_at(free_parameters)
        dtype = problem.unknowns.start.dtype
        fitted = model_with(problem.moving, problem.rest, outcome.parameters)
        return self._completed(fitted, outcome, free_parameters, packed, dtype) if eliminate else (fitted, outcome)

    def approached(
        self,
        model: TwoTimeModel,
        start: Comparison,
        averaged: Packed | None,
        packed: Packed,
        sample: bool,
        eliminate: bool,
    ) -> Comparison:
        """Where minima over averaged data and over a part of the packed data lead, one after the other."""
        if averaged is not None and not start.interrupted:
            start = self._through(model, start, averaged, eliminate)
        part = tile_subset(packed) if sample and not start.interrupted else None
        if part is not None:
            note = f"{part.n_pairs:.2g} of {packed.n_pairs:.2g} pairs of frames were fitted first"
            start = replace(start, notes=(*start.notes, note))
            roughly = replace(self, tolerance=max(self.tolerance or 0.0, ROUGHLY))
            start = roughly._through(model, start, part, eliminate, REACH)
        return start

    def _through(
        self, model: TwoTimeModel, start: Comparison, part: Packed, eliminate: bool, reach: float = 1.0
    ) -> Comparison:
        """The same, gone on with from the minimum over some data; by `reach` at first, if there is one."""
        _, outcome = self.minimum(model, start.reached, part, eliminate)
        if outcome.ended == "not finite":
            return start
        return replace(
            start,
            reached=_moved(start.reached, start.reached, outcome),
            interrupted=outcome.ended == "interrupted",
            reach=reach if outcome.ended == "converged" else 1.0,
        )

    def stretch(
        self, model: TwoTimeModel, free_parameters: FreeParameters, packed: Packed, eliminate: bool
    ) -> Stretch | None:
        """A few steps from a start, to compare it with others."""
        outcome, _ = self._descended(model, free_parameters, packed, eliminate, STEPS, None)
        if not outcome.history:
            return None
        reached = _moved(free_parameters, free_parameters.without_scaling() if eliminate else free_parameters, outcome)
        return Stretch(float(outcome.normal.chi2), reached, outcome.ended == "interrupted")

    def _descended(
        self,
        model: TwoTimeModel,
        free_parameters: FreeParameters,
        packed: Packed,
        eliminate: bool,
        max_steps: int,
        callback: Callable[[Iteration], None] | None,
        reach: float = 1.0,
    ) -> tuple[Outcome, Problem]:
        beyond = degrees_of_freedom(packed, free_parameters)
        moved = free_parameters.without_scaling() if eliminate else free_parameters
        eliminated = free_parameters.scaling_bounds() if eliminate else None
        problem = problem_of(model, moved, packed, self.loss, eliminated)
        tolerance = _TOLERANCE[str(problem.unknowns.start.dtype)] if self.tolerance is None else self.tolerance
        prepare = lambda parameters, normal: best_scaling(moved, parameters, normal)  # noqa: E731
        outcome = minimise(problem, self.solver, beyond, max_steps, tolerance, callback, prepare, reach)
        return outcome, problem

    def _completed(
        self, fitted: TwoTimeModel, outcome: Outcome, free_parameters: FreeParameters, packed: Packed, dtype: Any
    ) -> tuple[TwoTimeModel, Outcome]:
        """The eliminated contrast and offset put back, with their share of the normal equations."""
        limits = jnp.asarray(free_parameters.scaling_bounds(), dtype)
        fitted, found = _at_best_scaling(fitted, packed, limits, free_parameters.filter)
        normal = on_host(found)
        values = values_of(fitted, free_parameters.filter)
        at_bound = touching(*free_parameters.limits(), values, normal)
        return fitted, replace(outcome, parameters=values, normal=normal, at_bound=at_bound)


def _moved(free_parameters: FreeParameters, moving: FreeParameters, outcome: Outcome) -> FreeParameters:
    """The free_parameters, started from where the free parameters of `moving` have come to."""
    names = (parameter.name for parameter in moving.free)
    return free_parameters.started(dict(zip(names, outcome.parameters.tolist(), strict=True)))


@eqx.filter_jit
def _at_best_scaling(
    model: TwoTimeModel, packed: Packed, limits: Float[Array, "2 2"], free: Any
) -> tuple[TwoTimeModel, NormalEquations]:
    model = with_best_scaling(model, packed, limits[:, 0], limits[:, 1])
    return model, normal_equations(model, packed, free=free)


def _unpacked(data: TwoTimeData | Packed) -> TwoTimeData:
    if isinstance(data, TwoTimeData):
        return data
    raise TypeError("Packed data cannot be averaged over blocks of frames. Pass the TwoTimeData, or leave coarse at 1.")
