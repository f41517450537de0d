"""Fit a model to two-time data by streaming Levenberg–Marquardt."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import optimistix as optx

from ..engine.losses import AbstractLoss, Squares
from ..physics.model import TwoTimeModel
from .effects import without_rounding
from .fit_input import FitData, fit_input
from .free_parameters import ParameterBounds
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


def fit(
    model: TwoTimeModel,
    data: FitData,
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
    stages: Iterable[AbstractStage] | None = None,
    starts: int | Iterable[Mapping[str, Any]] | None = None,
    estimate: bool | None = None,
    **short_forms: Any,
) -> FitResult:
    """The parameters of `model` that minimise χ² = Σ ((data − g2)/σ)² over the pairs of frames, each counted once.

    **Arguments:**

    - `model`: the start: every parameter takes its value from it. Contrast and offset are fitted for each sector
      where they are arrays of shape `(n_sector,)`.
    - `data`: two-time data, `PairData` or `OneTimeData`; or data that are packed already (`hx.pack`), which saves
      folding them again.
    - `free`: names of the parameters to fit, all unless given (but for those that a term fixes by its nature);
      `fixed`: names of those to leave alone. Documented names where they exist (`D0`), else that of the term
      and the place in it (`diffusion.rate`, `diffusion_2.rate` for the second), or the path in the model
      (`g1.terms[0].rate.value`).
    - `bounds`: name → (low, high) in the units of the parameter, None for no bound; others keep those that their
      fields state. A start may lie on a bound. A parameter that the data drive against its bound ends exactly there,
      and is marked `at_bound`.
    - `loss`: `Squares()`, or `SoftL1`, `Huber`, `Cauchy` against outliers.
    - `solver`: any Optimistix least-squares solver; `BoundedLevenbergMarquardt` unless given. For others, which know of
      no bounds, the unknowns are transformed so that all their values lie within: a parameter then comes close to its
      bound but not to it, and a start on a bound is moved off it, which `notes` says.
    - `max_steps`; `tolerance`: done when χ² can be expected to fall by less, in units of max(1, reduced χ²): 1e-6 in
      float64, 1e-3 in float32.
    - `callback`: called with an `Iteration` after each step, those of the stages included, which are numbered on their
      own. Ctrl-C ends the fit with the best state so far.
    - `eliminate_scaling`: contrast and offset are put to their best in closed form at every step instead of being
      unknowns of the solver (variable projection). Same result; a step costs up to twice as much, and there may be
      fewer of them, or more. For squares alone: under another loss there is no closed form.
    - `stages`: what comes before the minimisation over all data, in this order, each going on from where the one before
      has led. They change how soon the minimum is found, or which of several is, not what it is:
        - `Scan()`: where the correlation oscillates in a parameter (the frequency of an `Echo`, the velocity of
          `TwoComponents`), χ² has many minima: try many values between half and twice its start;
        - `Starts([…])`: compare starts of your own, each name → value;
        - `BlockAverage(4)`: fit data averaged over blocks of 4 × 4 frames;
        - `TileSubset()`: of more than 50 million pairs fit a part.

      `(Scan(), TileSubset())` unless given; `()` for the minimisation alone. A class of your own
      derived from `AbstractStage` may be among them.
    - `estimate`: whether the minimum reached is compared with one that a start found in the data leads to (as of
      `hx.estimate`): unless χ² is that of independent noise already, such a start is searched, and followed if χ² is
      less there. True unless given or unless there are `stages` of your own. What was compared is in `result.minima`.
    - `starts`: a number of further starts that are drawn over the whole range of the parameters, evenly (Sobol), and
      followed on a few frames, the best of them on all data; or a list of starts, see below.
    - short forms, in place of `stages`: `scan=False` and `sample=False` leave out `Scan()` and `TileSubset()`;
      `coarse=4` puts `BlockAverage(4)` between them; `starts=[…]` puts `Starts([…])` in the place of `Scan()`.

    **Returns:** a `FitResult`, which says whether it converged; ask `result.converged`.

    **Raises:** `ValueError` for unknown names, impossible bounds or starts, for a model that does not suit the data,
    for fewer pairs than parameters, and for contrast and offset that cannot be eliminated; `TypeError` for unknown
    arguments, and for stages that do not suit the data.
    """
    begun = time.perf_counter()
    _check_elimination(eliminate_scaling, loss)
    drawn = number_drawn(starts)
    chosen = stages_of(stages, None if drawn else starts, short_forms)
    solver = solver or levenberg_marquardt()
    given = fit_input(model, data, free, fixed, bounds, loss)
    if not knows_bounds(solver):
        given = replace(given, free_parameters=given.free_parameters.off_bounds())
    minimiser = Minimiser(model, loss, solver, max_steps, tolerance, callback, eliminate_scaling)
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
    result = build_result(fitted, replace(given, free_parameters=free_parameters), outcome, seconds)
    return replace(result, minima=compared.minima)


def _check_elimination(eliminate_scaling: bool, loss: AbstractLoss) -> None:
    if eliminate_scaling and loss.reweights:
        raise ValueError(
            f"eliminate_scaling was asked for with the loss {type(loss).__name__}; the best contrast and offset have a "
            "closed form under Squares only. Leave out eliminate_scaling, or the loss."
        )
