"""A fit handed out as the least-squares problem that it is, to be solved and differentiated by others."""

from collections.abc import Iterable
from dataclasses import replace

import equinox as eqx

from ..engine.losses import AbstractLoss, Squares
from ..physics.model import TwoTimeModel
from .abstract_problem import residual
from .fit_input import FitData, fit_input
from .free_parameters import ParameterBounds, Priors
from .problem import Problem, not_finite_at
from .solve.minimise import rescaled
from .solve.quadratic import on_host


def least_squares_problem(
    model: TwoTimeModel,
    data: FitData,
    *,
    free: Iterable[str] | None = None,
    fixed: Iterable[str] = (),
    bounds: ParameterBounds | None = None,
    priors: Priors | None = None,
    loss: AbstractLoss = Squares(),
    box: bool = False,
) -> Problem:
    """The fit of a model as a problem for the least-squares solvers of Optimistix, in place of `fit`.

    ```python
    problem = hx.least_squares_problem(model, data)
    solver = optx.Dogleg(rtol=1e-6, atol=1e-4)
    found = optx.least_squares(hx.residual, solver, problem.start, problem, has_aux=True).value
    fitted = problem.model(found)
    ```

    The unknowns y are scaled such that a change of 1 in one of them changes √χ² by about 1, so `atol` is in units of
    the uncertainty of a parameter with all others fixed. The function makes one pass over the data. Unlike `fit`, it
    does not test whether the solver has converged.

    **Arguments:** as for `fit`.

    - `box`: pass the bounds to the solver: `options=problem.options` for `BoundedLevenbergMarquardt`. A parameter may
      then start and end exactly on its bound. By default, the unknowns are transformed so that all their values lie
      within the bounds, as solvers without bounds need; a start on a bound is then moved off it by a thousandth of the
      interval.

    **Returns:** a `Problem`: `start`, `model(y)`, `parameters(y)` in the order of `names`. It is a PyTree: data
    (`packed.values`) and geometry (`packed.geometry`) can be replaced by traced arrays, and the solution can be
    differentiated in them (`adjoint=optx.ImplicitAdjoint()`, the default of Optimistix).

    **Raises:** `ValueError` as `fit`, and where χ² is not finite at the start.
    """
    given = fit_input(model, data, free, fixed, bounds, loss, priors)
    if not box:
        given = replace(given, free_parameters=given.free_parameters.off_bounds())
    problem = given.problem(box)
    normal = on_host(eqx.filter_jit(residual)(problem.start, problem)[1])
    if not normal.is_finite:
        raise not_finite_at(given.free_parameters.parameters)
    return rescaled(problem, given.free_parameters.array("value"), normal)
