"""The solver of a fit unless another is given, and one step of any solver of Optimistix."""

from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import optimistix as optx
from jaxtyping import Array, Float

from ...engine import NormalEquations
from ...solvers import BoundedLevenbergMarquardt
from ..abstract_problem import AbstractProblem, residual


def levenberg_marquardt() -> optx.AbstractLeastSquaresSolver:
    """Levenberg–Marquardt with bounds; whether a fit has converged is judged beside it, so its own tests are strict."""
    return BoundedLevenbergMarquardt(rtol=1e-10)


def knows_bounds(solver: optx.AbstractLeastSquaresSolver) -> bool:
    """Whether a solver is told the bounds; for others they are in the unknowns."""
    return isinstance(solver, BoundedLevenbergMarquardt)


@final
class Position(eqx.Module):
    """The state of an iteration: the accepted unknowns, the normal equations there, and the solver's arrays."""

    y: Float[Array, " n_params"]
    parameters: Float[Array, " n_params"]
    normal: NormalEquations
    carried: Any


@eqx.filter_jit
def initial_arrays(
    solver: optx.AbstractLeastSquaresSolver, y: Float[Array, " n_params"], problem: AbstractProblem
) -> Any:
    """The solver's arrays before its first step."""
    return eqx.filter(_initial(solver, y, problem), eqx.is_array)


@eqx.filter_jit
def take_step(
    solver: optx.AbstractLeastSquaresSolver, y: Float[Array, " n_params"], problem: AbstractProblem, carried: Any
) -> tuple[Position, Array]:
    """One step of the solver: one pass over the data. Compiled once for all fits of the same shape.

    The solver's state holds compiled-in parts that compare by identity; only its arrays leave this function.

    **Returns:** the new position, and whether the solver calls itself done.
    """
    static = eqx.filter(_initial(solver, y, problem), eqx.is_array, inverse=True)
    state = eqx.combine(carried, static)
    y, state, normal = solver.step(residual, y, problem, problem.options, state, frozenset())
    if isinstance(solver, optx.AbstractGaussNewton):
        normal = state.aux  # at y; what such a solver returns beside y belongs to the point that it has left
    done, _ = solver.terminate(residual, y, problem, problem.options, state, frozenset())
    return Position(y, problem.unknowns.parameters(y), normal, eqx.filter(state, eqx.is_array)), done


def _initial(solver: optx.AbstractLeastSquaresSolver, y: Array, problem: AbstractProblem) -> Any:
    def like_residual() -> tuple[Array, NormalEquations]:
        zeros = lambda *shape: jnp.zeros(shape, y.dtype)  # noqa: E731
        return zeros(y.size + 1), NormalEquations(zeros(y.size, y.size), zeros(y.size), zeros())

    out, aux = jax.eval_shape(like_residual)
    return solver.init(residual, y, problem, problem.options, out, aux, frozenset())
