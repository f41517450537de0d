"""The minimisation of χ² with one solver, loss and set of limits, over all data and over the data of its stages."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import optimistix as optx
from jaxtyping import Array, Float

from ..engine import AbstractPacked, NormalEquations, normal_equations, with_best_scaling
from ..engine.devices import on_default
from ..engine.losses import AbstractLoss
from ..physics.model import TwoTimeModel
from .free_parameters import FreeParameters
from .priors.prior_rows import prior_rows
from .problem import Problem, degrees_of_freedom, model_with, not_finite_at, problem_of, values_of
from .solve.ended import Ended
from .solve.levenberg_marquardt import knows_bounds
from .solve.minimise import Iteration, Outcome, minimise
from .solve.quadratic import on_host, parameters_at_bound
from .solve.unknowns import AbstractUnknowns
from .starts.linear_scaling import best_scaling
from .starts.waypoint import Waypoint

TOLERANCE = {"float64": 1e-6, "float32": 1e-3}


class Trial(NamedTuple):
    """A few steps from one of several starts: χ² after them, the parameters reached, and whether Ctrl-C ended them."""

    chi2: float
    reached: FreeParameters
    interrupted: bool


@final
@dataclass(frozen=True)
class Minimiser:
    """The settings that are the same in all minimisations of a fit: the arguments of `fit` of these names.

    A stage calls `waypoint_at_minimum` to go on from the minimum over some data, and `trial` to compare starts.
    """

    model: TwoTimeModel
    loss: AbstractLoss
    solver: optx.AbstractLeastSquaresSolver
    max_steps: int
    tolerance: float | None
    callback: Callable[[Iteration], None] | None
    eliminate_scaling: bool

    def model_at(self, free_parameters: FreeParameters) -> TwoTimeModel:
        """The model with these values of its free parameters."""
        return model_with(*eqx.partition(self.model, free_parameters.filter), free_parameters.array("value"))

    def minimum(
        self, free_parameters: FreeParameters, packed: AbstractPacked, first_step_size: float = 1.0
    ) -> tuple[TwoTimeModel, Outcome]:
        """The model at the minimum of χ² from this start, and how it was reached.

        **Raises:** `ValueError` where χ² or its derivative is not finite at the start, and for fewer pairs of frames
        than parameters.
        """
        outcome, problem = self._minimise(free_parameters, packed, self.max_steps, self.callback, first_step_size)
        if not outcome.history:
            raise not_finite_at(free_parameters.parameters)
        fitted = model_with(problem.moving, problem.rest, outcome.parameters)
        if self.eliminate_scaling:
            return _with_scaling(fitted, outcome, free_parameters, packed, problem.unknowns)
        return fitted, outcome

    def waypoint_at_minimum(
        self, waypoint: Waypoint, packed: AbstractPacked, *, tolerance: float = 0.0, first_step_size: float = 1.0
    ) -> Waypoint:
        """The minimum of χ² over some data, from where the fit stands; the waypoint as it was where that is not finite.

        **Arguments:** `tolerance`: at least this, for data whose minimum is only near that of all; `first_step_size`:
        that of the waypoint returned, if the minimum was reached.
        """
        rough = replace(self, tolerance=max(self.tolerance or 0.0, tolerance)) if tolerance > 0 else self
        _, outcome = rough.minimum(waypoint.reached, packed)
        if outcome.ended == Ended.NOT_FINITE:
            return waypoint
        return replace(
            waypoint,
            reached=_started_where(outcome, waypoint.reached, waypoint.reached),
            interrupted=outcome.interrupted,
            first_step_size=first_step_size if outcome.ended == Ended.CONVERGED else 1.0,
        )

    def trial(self, free_parameters: FreeParameters, packed: AbstractPacked, steps: int) -> Trial | None:
        """A few steps from a start, to compare it with others; `None` where χ² is not finite there."""
        outcome, _ = self._minimise(free_parameters, packed, steps, None)
        if not outcome.history:
            return None
        reached = _started_where(outcome, free_parameters, self._unknown(free_parameters))
        return Trial(float(outcome.normal.chi2), reached, outcome.interrupted)

    def _minimise(
        self,
        free_parameters: FreeParameters,
        packed: AbstractPacked,
        max_steps: int,
        callback: Callable[[Iteration], None] | None,
        first_step_size: float = 1.0,
    ) -> tuple[Outcome, Problem]:
        n_left = degrees_of_freedom(packed, free_parameters)
        unknown = self._unknown(free_parameters)
        eliminated = free_parameters.scaling_bounds() if self.eliminate_scaling else None
        problem = problem_of(self.model, unknown, packed, self.loss, eliminated, knows_bounds(self.solver))
        tolerance = TOLERANCE[str(problem.unknowns.start.dtype)] if self.tolerance is None else self.tolerance
        prepare = lambda parameters, normal: best_scaling(unknown, parameters, normal)  # noqa: E731
        outcome = minimise(problem, self.solver, n_left, max_steps, tolerance, callback, prepare, first_step_size)
        return outcome, problem

    def _unknown(self, free_parameters: FreeParameters) -> FreeParameters:
        """The parameters that the solver sees: all, or all but an eliminated contrast and offset."""
        return free_parameters.without_scaling() if self.eliminate_scaling else free_parameters


def _started_where(outcome: Outcome, free_parameters: FreeParameters, unknown: FreeParameters) -> FreeParameters:
    """The same parameters, started from where a minimisation of those that are `unknown` has ended."""
    names = (parameter.name for parameter in unknown.free)
    return free_parameters.started(dict(zip(names, outcome.parameters.tolist(), strict=True)))


def _with_scaling(
    fitted: TwoTimeModel,
    outcome: Outcome,
    free_parameters: FreeParameters,
    packed: AbstractPacked,
    unknowns: AbstractUnknowns,
) -> tuple[TwoTimeModel, Outcome]:
    """The eliminated contrast and offset put back, with their share of the normal equations."""
    dtype = unknowns.start.dtype
    scaling_bounds = jnp.asarray(free_parameters.scaling_bounds(), dtype)
    fitted, found = on_default(_at_best_scaling(fitted, packed, scaling_bounds, free_parameters.filter))
    values = values_of(fitted, free_parameters.filter)
    normal = on_host(prior_rows(free_parameters.free, dtype).added_to(found, jnp.asarray(values, dtype)))
    limits = (np.asarray(x, dtype).astype(float) for x in free_parameters.limits())
    at_bound = parameters_at_bound(*limits, values, normal, unknowns.ends_exactly)
    return fitted, replace(outcome, parameters=values, normal=normal, at_bound=at_bound)


@eqx.filter_jit
def _at_best_scaling(
    model: TwoTimeModel, packed: AbstractPacked, limits: Float[Array, "2 2"], free: Any
) -> tuple[TwoTimeModel, NormalEquations]:
    model = with_best_scaling(model, packed, limits[:, 0], limits[:, 1])
    return model, normal_equations(model, packed, free=free)
