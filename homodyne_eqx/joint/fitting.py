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
    - `free`: names of the parameters to fit; all by default, except those that their term declares as fixed. `fixed`:
      names of parameters to keep. A name is the documented one if it exists (`D0`), or that of the term and the field
      (`diffusion.rate`, `diffusion_2.rate` for the second), or the path in the model (`g1.terms[0].rate.value`).
    - `bounds`: name → (low, high) in the units of the parameter, None for no bound; other parameters keep the bounds of
      their fields. A start may lie on a bound. A parameter that the data push against its bound ends exactly there, and
      is marked `at_bound`.
    - `priors`: name → the prior of a parameter: `Normal(mean, sigma)` or `LogNormal(median, sigma)`, each of which adds
      its square to χ² like one more measured value, or `Uniform(low, high)`, which narrows the bounds.
    - `loss`: `Squares()`, or `SoftL1`, `Huber`, `Cauchy` against outliers.
    - `solver`: any Optimistix least-squares solver; `BoundedLevenbergMarquardt` by default. Other solvers have no
      bounds. For them the unknowns are transformed so that all values lie within the bounds: a parameter then comes
      close to its bound but not onto it. A start on a bound is moved off it, and `notes` says so.
    - `max_steps`; `tolerance`: the fit has converged when the expected further decrease of χ² is smaller, in units of
      max(1, reduced χ²): 1e-6 in float64, 1e-3 in float32 by default.
    - `callback`: called with an `Iteration` after each step, also in the stages, which number their steps separately.
      Ctrl-C ends the fit with the best state so far.
    - `eliminate_scaling`: contrast and offset get their best values in closed form at every step, and are not unknowns
      of the solver (variable projection). The result is the same. A step costs up to twice as much, and the number of
      steps changes. Only for `Squares()`: other losses have no closed form.
    - `stages`: steps before the minimisation over all data, in this order; each starts where the one before ended. They
      can make the fit faster, and can lead to another one of several minima. They do not change the minima.
      `(Scan(), TileSubset())` by default; `()` for the minimisation only. The stages:
        - `Scan()`: where the correlation oscillates in a parameter (the frequency of an `Echo`, the velocity of
          `TwoComponents`), χ² has many minima: try many values between half and twice its start;
        - `Starts([…])`: compare starts of your own, each name → value;
        - `BlockAverage(4)`: fit data averaged over blocks of 4 × 4 frames;
        - `TileSubset()`: of more than 50 million pairs fit a part;
        - a class of your own, derived from `AbstractStage`.

    - `estimate`: whether the minimum is compared with that of a start found in the data (see `hx.estimate`). This start
      is searched unless χ² is already that of independent noise, and followed if its χ² is smaller. True by default,
      False by default with `stages` of your own. `result.minima` lists the minima.
    - `starts`: a number of further starts that are drawn over the whole range of the parameters, evenly (Sobol), and
      followed on a few frames, the best of them on all data; or a list of starts, see below.
    - `weights`: "independent", or "speckle": after least squares one more step with weights for the correlated speckle
      noise of two-time maps, which makes most errors smaller. If a test (`result.guard`) finds that this step changes
      the parameters by more than noise, the parameters of least squares are kept, and the verdict says so.
    - short forms, in place of `stages`: `scan=False` and `sample=False` leave out `Scan()` and `TileSubset()`;
      `coarse=4` puts `BlockAverage(4)` between them; `starts=[…]` replaces `Scan()` by `Starts([…])`.

    **Several data sets** are fitted together. By default they share all parameters except contrast and offset. Each
    data set is also fitted separately, to find a start and to test whether the data sets agree.

    - `model`: one for all, or one for each in a list or a dictionary; then `shared` says which parameters are the same.
    - `separate`: names of parameters that differ between data sets; `shared`: names of the shared parameters, if not
      all are shared. A parameter that is not shared has the name of its data set in front: `data[1].contrast[0]`, or
      its name in the dictionary. Bounds and priors take either name; the plain name means all data sets. If contrast
      and offset have another number of sectors than the data, they start from their mean. A data set with fewer
      pairs than its own parameters has no separate fit.
    - `stages`, `starts`, `estimate` and `eliminate_scaling` apply to the separate fits.

    **Returns:** a `FitResult`, see `result.converged` and `result.verdict`. For several data sets a `JointResult`, with
    a `FitResult` for each.

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
