"""The contract of a least-squares problem that a solver sees, and the residual of any of them."""

import abc
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..engine import NormalEquations, jacobian_of, residual_of
from ..engine.devices import where
from ..engine.tangents import tangent_along
from .solve.unknowns import AbstractUnknowns


class AbstractProblem(eqx.Module):
    """A fit as a solver sees it: unknowns y that are 0 at the start, χ² and the normal equations.

    All arrays in it may be traced and differentiated in, those of data and geometry too.
    """

    unknowns: eqx.AbstractVar[AbstractUnknowns]

    @property
    def start(self) -> Float[Array, " n_params"]:
        """The unknowns at the start: 0."""
        like = self.unknowns.start
        return where(like, np.zeros(like.shape, like.dtype))

    def parameters(self, y: Float[Array, " n_params"]) -> Float[Array, " n_params"]:
        """The parameters that unknowns stand for, in their units."""
        return self.unknowns.parameters(y)

    @property
    def options(self) -> dict[str, Any]:
        """The `options` of the solver: the bounds on y, unless the unknowns include them."""
        return self.unknowns.options()

    @abc.abstractmethod
    def beside_data(self) -> Any:
        """The same with all arrays on the devices of the data, so that no step sends them there."""

    @abc.abstractmethod
    def chi_squared(self, y: Float[Array, " n_params"]) -> Float[Array, ""]:
        """χ² of all data and priors."""

    @abc.abstractmethod
    def normal_equations(self, y: Float[Array, " n_params"]) -> NormalEquations:
        """The normal equations of all data and priors, in the parameters (not in y)."""


@eqx.filter_custom_jvp
def residual(y: Float[Array, " n_params"], problem: AbstractProblem) -> tuple[Float[Array, " m"], NormalEquations]:
    """n_params + 1 numbers with the least-squares steps of all pairs of frames, and beside them the normal equations
    in the parameters themselves: one pass over the data.

    Half their square is half of χ² and has its derivatives, to second order, in `y` and in everything else. So the
    solvers of Optimistix apply as they are, with `has_aux=True`, and `optimistix.ImplicitAdjoint` differentiates what
    they find in data and geometry.

    **Arguments:** `y`: the unknowns, 0 at the start; `problem`: from `least_squares_problem`.
    """
    normal, in_y = _normal_equations(y, problem)
    return residual_of(y, in_y), normal


@residual.def_jvp
def _residual_jvp(primals, tangents):
    """Along y the derivative is J', which the pass over the data has given already; nothing more is differentiated."""
    (y, problem), (t_y, t_problem) = primals, tangents
    normal, in_y = _normal_equations(y, problem)
    r = residual_of(y, in_y)
    tangent = jnp.zeros_like(r) if t_y is None else jacobian_of(y, in_y) @ t_y
    if jax.tree.leaves(t_problem):
        tangent = tangent + r * (_chi2_tangent(y, problem, t_problem) / (2 * jnp.where(in_y.chi2 > 0, in_y.chi2, 1)))
    return (r, normal), (tangent, jax.tree.map(jnp.zeros_like, normal))


@eqx.filter_jit
def _normal_equations(y: Array, problem: AbstractProblem) -> tuple[NormalEquations, NormalEquations]:
    """The normal equations in the parameters and in y. Compiled with what calls it; traced once for all of that."""
    normal = problem.normal_equations(y)
    slope = problem.unknowns.slope(y)
    in_y = NormalEquations(normal.matrix * slope[:, None] * slope[None, :], normal.vector * slope, normal.chi2)
    return jax.lax.stop_gradient(normal), in_y


def _chi2_tangent(y: Array, problem: AbstractProblem, tangent: Any) -> Array:
    """The derivative of χ² along a change of the arguments, with `y` fixed."""

    def chi2(whole: AbstractProblem) -> Array:
        return whole.chi_squared(y)

    return tangent_along(chi2, problem, tangent)
