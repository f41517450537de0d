"""The Levenberg–Marquardt of this package, composed of Optimistix parts, and one step of any such solver."""

from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import optimistix as optx
from jaxtyping import Array, Float

from ...engine import NormalEquations
from ..problem import Problem, residual


def levenberg_marquardt() -> optx.AbstractLeastSquaresSolver:
    """Optimistix's Levenberg–Marquardt with a damping that falls faster.

    Optimistix lowers the damping after a step only if the step did 99 % of what was predicted. Two-time models are
    far from linear at the start, and their parameters so correlated that the damping has to fall by many orders of
    magnitude.
    """
    solver = optx.LevenbergMarquardt(rtol=1e-10, atol=1e-10)
    search = optx.ClassicalTrustRegion(high_cutoff=0.5, low_cutoff=1e-3, high_constant=10.0, low_constant=0.25)
    return eqx.tree_at(lambda s: s.search, solver, search)


@final
class Position(eqx.Module):
    """Where an iteration stands: the accepted unknowns, the normal equations there, and the solver's arrays."""

    y: Float[Array, " n_params"]
    parameters: Float[Array, " n_params"]
    normal: NormalEquations
    carried: Any


@eqx.filter_jit
def initial_arrays(solver: optx.AbstractLeastSquaresSolver, y: Float[Array, " n_params"], problem: Problem) -> Any:
    """The solver's arrays before its first step."""
    return eqx.filter(_initial(solver, y, problem), eqx.is_array)


@eqx.filter_jit
def take_step(
    solver: optx.AbstractLeastSquaresSolver, y: Float[Array, " n_params"], problem: Problem, carried: Any
) -> tuple[Position, Array]:
    """One step of the solver: one pass over the data. Compiled once for all fits of the same shape.

    The solver's state holds compiled-in parts that compare by identity; only its arrays leave this function.

    **Returns:** the new position, and whether the solver calls itself done.
    """
    static = eqx.filter(_initial(solver, y, problem), eqx.is_array, inverse=True)
    state = eqx.combine(carried, static)
    y, state, normal = solver.step(residual, y, problem, {}, state, frozenset())
    if isinstance(solver, optx.AbstractGaussNewton):
        normal = state.aux  # at y; what such a solver returns beside y belongs to the point that it has left
    done, _ = solver.terminate(residual, y, problem, {}, state, frozenset())
    return Position(y, problem.unknowns.parameters(y), normal, eqx.filter(state, eqx.is_array)), done


def _initial(solver: optx.AbstractLeastSquaresSolver, y: Array, problem: Problem) -> Any:
    def like_residual() -> tuple[Array, NormalEquations]:
        zeros = lambda *shape: jnp.zeros(shape, y.dtype)  # noqa: E731
        return zeros(y.size + 1), NormalEquations(zeros(y.size, y.size), zeros(y.size), zeros())

    out, aux = jax.eval_shape(like_residual)
    return solver.init(residual, y, problem, {}, out, aux, frozenset())
