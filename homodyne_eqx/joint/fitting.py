"""Fit a model to two-time data: one data set, or several at once."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, overload

import optimistix as optx

from ..engine.losses import AbstractLoss, Squares
from ..fit.fit_input import FitData
from ..fit.free_parameters import ParameterBounds, Priors
from ..fit.least_squares import fit as fit_one
from ..fit.result.fit_result import FitResult
from ..fit.solve.levenberg_marquardt import levenberg_marquardt
from ..fit.solve.minimise import Iteration
from ..fit.starts.stage import AbstractStage
from ..fit.weighted.estimate import INDEPENDENT
from ..physics.model import TwoTimeModel
from .fit_jointly import fit_jointly
from .joint_result import JointResult
from .members import DataSets, Models


@overload
def fit(model: TwoTimeModel, data: FitData, **settings: Any) -> FitResult: ...


@overload
def fit(model: Models, data: DataSets, **settings: Any) -> JointResult: ...


def fit(
    model: Models,
    data: FitData | DataSets,
    *,
    free: Iterable[str] | None = None,
    fixed: Iterable[str] = (),
    bounds: ParameterBounds | None = None,
    priors: Priors | None = None,
    shared: Iterable[str] | None = None,
    separate: Iterable[str] = (),
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
) -> FitResult | JointResult:
    """The parameters of `model` that minimise χ² = Σ ((data − g2)/σ)² over the pairs of frames, each counted once.

    **Arguments:**

    - `model`: the start: every parameter takes its value from it. Contrast and offset are fitted for each sector
      where they are arrays of shape `(n_sector,)`.
    - `data`: two-time data, `PairData` or `OneTimeData`; or data that are packed already (`hx.pack`), which saves
      folding them again; or several of these, of any kinds, shapes, q and frame times, in a list or under names in a
      dictionary, for a joint fit: see below.
    - `free`: names of the parameters to fit, all unless given (but for those that a term fixes by its nature);
      `fixed`: names of those to leave alone. Documented names where they exist (`D0`), else that of the term
      and the place in it (`diffusion.rate`, `diffusion_2.rate` for the second), or the path in the model
      (`g1.terms[0].rate.value`).
    - `bounds`: name → (low, high) in the units of the parameter, None for no bound; others keep those that their
      fields state. A start may lie on a bound. A parameter that the data drive against its bound ends exactly there,
      and is marked `at_bound`.
    - `priors`: name → what is known of a parameter beside the data: `Normal(mean, sigma)`, `LogNormal(median, sigma)`,
      each of which adds its square to χ² as one more datum, or `Uniform(low, high)`, which narrows the bounds.
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
    - `weights`: "independent", or "speckle": after least squares one more step whose weights are the inverse of the
      correlations that speckles give to the noise of two-time maps; errors become 1.5 to 4 times smaller. Where a
      test (`result.guard`) finds that it leads to other parameters than least squares, those of least squares are kept,
      and the verdict says so.
    - short forms, in place of `stages`: `scan=False` and `sample=False` leave out `Scan()` and `TileSubset()`;
      `coarse=4` puts `BlockAverage(4)` between them; `starts=[…]` puts `Starts([…])` in the place of `Scan()`.

    **Several data sets** are fitted together: all parameters but contrast and offset are one for all of them, unless
    told otherwise. Each is fitted by itself as well, to find a start and to say whether they agree.

    - `model`: one for all, or one for each in a list or a dictionary; then `shared` says which parameters are the same.
    - `separate`: names of parameters that each data set has for itself; `shared`: of those that are one for all, where
      not all are. The names of what is not shared have the data set in front: `data[1].contrast[0]`, or its name in the
      dictionary. Bounds and priors take either name, the plain one for all of them. Contrast and offset of another
      number of sectors than the data start from their mean.
    - `stages`, `starts`, `estimate` and `eliminate_scaling` concern the fits of each by itself.

    **Returns:** a `FitResult`, which says whether it converged; ask `result.converged`. Of several data sets a
    `JointResult`, with a `FitResult` for each.

    **Raises:** `ValueError` for unknown names, impossible bounds or starts, for a model that does not suit the data,
    for fewer pairs than parameters, and for contrast and offset that cannot be eliminated; `TypeError` for unknown
    arguments, and for stages that do not suit the data.
    """
    of_each = {
        "eliminate_scaling": eliminate_scaling,
        "stages": stages,
        "starts": starts,
        "estimate": estimate,
        **short_forms,
    }
    of_all: dict[str, Any] = {
        "free": free,
        "fixed": fixed,
        "bounds": bounds,
        "priors": priors,
        "loss": loss,
        "max_steps": max_steps,
        "tolerance": tolerance,
        "callback": callback,
    }
    if isinstance(data, list | tuple | Mapping):
        if weights != INDEPENDENT:
            raise ValueError(
                f'weights={weights!r} was asked for with several data sets; a joint fit has weights="independent" '
                "alone. Leave out weights, or fit each data set by itself."
            )
        solver = solver or levenberg_marquardt()
        return fit_jointly(
            fit_one, model, data, shared=shared, separate=separate, solver=solver, options=of_each, **of_all
        )
    if shared is not None or tuple(separate):
        raise ValueError(
            "shared and separate are for several data sets, and data is one. Pass a list of data sets, or leave them "
            "out."
        )
    if not isinstance(model, TwoTimeModel):
        raise TypeError(f"model is a {type(model).__name__}; expected a TwoTimeModel for one data set.")
    return fit_one(model, data, solver=solver, weights=weights, **of_all, **of_each)
