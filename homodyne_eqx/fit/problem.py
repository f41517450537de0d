"""The least-squares problem that a solver sees: O(1) unknowns, a small residual, everything else as arguments."""

import itertools
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..engine import (
    AbstractPacked,
    NormalEquations,
    chi_squared,
    jacobian_of,
    normal_equations,
    residual_of,
    with_best_scaling,
)
from ..engine.losses import AbstractLoss
from ..engine.tangents import tangent_along
from ..physics.model import TwoTimeModel
from .free_parameters import FreeParameters
from .solve.interval import inside
from .solve.unknowns import AbstractUnknowns, BoxUnknowns, IntervalUnknowns


@final
class Problem(eqx.Module):
    """A fit as a solver sees it: the arguments of `residual`, whose unknowns y are 0 at the start.

    - `moving`, `rest`: the model, split into its free leaves and all else; `unknowns`; `packed`: the data; `loss`;
    - `scaling_bounds`: None, or ((low, high) of contrast, (low, high) of offset): these two are then no unknowns but
      put to their best for every y (variable projection);
    - `names`: of the parameters, in their order.

    All arrays in it may be traced and differentiated in, those of data and geometry too.
    """

    moving: TwoTimeModel
    rest: TwoTimeModel
    unknowns: AbstractUnknowns
    packed: AbstractPacked
    loss: AbstractLoss
    scaling_bounds: Float[Array, "2 2"] | None = None
    names: tuple[str, ...] = eqx.field(static=True, default=())

    @property
    def start(self) -> Float[Array, " n_params"]:
        """The unknowns at the start: 0."""
        return jnp.asarray(np.zeros(self.unknowns.start.shape), self.unknowns.start.dtype)

    def parameters(self, y: Float[Array, " n_params"]) -> Float[Array, " n_params"]:
        """The parameters that unknowns stand for, in their units."""
        return self.unknowns.parameters(y)

    @property
    def options(self) -> dict[str, Any]:
        """What the solver is to be told, as its `options`: the bounds on y, unless they are in the unknowns."""
        return self.unknowns.options()

    def model(self, y: Float[Array, " n_params"]) -> TwoTimeModel:
        """The model with these parameters."""
        model = model_with(self.moving, self.rest, self.unknowns.parameters(y))
        if self.scaling_bounds is None:
            return model
        return with_best_scaling(model, self.packed, self.scaling_bounds[:, 0], self.scaling_bounds[:, 1])


def degrees_of_freedom(packed: AbstractPacked, free_parameters: FreeParameters) -> int:
    """How many pairs of frames there are beyond the free parameters.

    **Raises:** `ValueError` if there are none.
    """
    left = int(packed.n_pairs) - len(free_parameters.free)
    if left <= 0:
        raise ValueError(
            f"{packed.n_pairs} pairs of frames cannot determine {len(free_parameters.free)} parameters. "
            "Fix some, or use more data."
        )
    return left


@final
class NotFiniteAtStart(ValueError):
    """χ² or its derivative is no number at the start of a fit."""


def not_finite_at(free_parameters: FreeParameters) -> NotFiniteAtStart:
    """The error for a start at which χ² or its derivative is not finite."""
    listed = ", ".join(f"{parameter.name} = {parameter.value:g}" for parameter in free_parameters.parameters)
    return NotFiniteAtStart(
        f"χ² or its derivative is not finite at the start ({listed}). Choose another start, or check that the model "
        "suits the data."
    )


def problem_of(
    model: TwoTimeModel,
    free_parameters: FreeParameters,
    packed: AbstractPacked,
    loss: AbstractLoss,
    scaling_bounds: np.ndarray | None = None,
    box: bool = False,
) -> Problem:
    """The problem of moving the selected parameters from their starts; y of the order of a tenth of them.

    **Arguments:** `box`: for a solver that is told the bounds (`problem.options`); else they are in the unknowns.
    """
    moving, rest = eqx.partition(model, free_parameters.filter)
    dtype = jnp.result_type(*jax.tree.leaves(moving))
    low, high, start = (jnp.asarray(x, dtype) for x in free_parameters.limits())
    scale = np.maximum(np.abs(free_parameters.array("value")), 1e-6) / 10
    if box:
        unknowns = BoxUnknowns(low, high, jnp.clip(start, low, high), jnp.asarray(scale, dtype), jnp.ones((), dtype))
    else:
        unknowns = IntervalUnknowns(low, high, inside(start, low, high), jnp.asarray(scale, dtype))
    eliminated = None if scaling_bounds is None else jnp.asarray(scaling_bounds, dtype)
    names = tuple(parameter.name for parameter in free_parameters.free)
    return Problem(moving, rest, unknowns, packed, loss, eliminated, names)


def model_with(
    moving: TwoTimeModel, rest: TwoTimeModel, parameters: Float[Array | np.ndarray, " n_params"]
) -> TwoTimeModel:
    """The model whose free leaves, one after the other, hold these values."""
    leaves, tree = jax.tree.flatten(moving)
    ends = np.cumsum([0, *(leaf.size for leaf in leaves)])
    parts = [parameters[a:b].reshape(leaf.shape) for leaf, (a, b) in zip(leaves, itertools.pairwise(ends), strict=True)]
    values = [jnp.asarray(part, leaf.dtype) for leaf, part in zip(leaves, parts, strict=True)]
    return eqx.combine(jax.tree.unflatten(tree, values), rest)


def values_of(model: TwoTimeModel, free: Any) -> np.ndarray:
    """The inverse of `model_with`: the free parameters of a model, one after the other, in double precision."""
    return np.concatenate([np.ravel(np.asarray(leaf, float)) for leaf in jax.tree.leaves(eqx.filter(model, free))])


@eqx.filter_custom_jvp
def residual(y: Float[Array, " n_params"], problem: Problem) -> tuple[Float[Array, " m"], NormalEquations]:
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
def _normal_equations(y: Array, problem: Problem) -> tuple[NormalEquations, NormalEquations]:
    """The normal equations in the parameters and in y. Compiled with what calls it; traced once for all of that."""
    model = problem.model(y)
    free = jax.tree.map(lambda x: x is not None, problem.moving, is_leaf=lambda x: x is None)
    if problem.scaling_bounds is None:
        normal = normal_equations(model, problem.packed, problem.loss, free)
    else:
        both = eqx.tree_at(lambda m: m.scaling, free, jax.tree.map(lambda _: True, model.scaling))
        sizes = [
            (kept, x.size) for kept, x in zip(_flags(free, both), jax.tree.leaves(eqx.filter(model, both)), strict=True)
        ]
        kept = np.repeat([k for k, _ in sizes], [n for _, n in sizes])
        normal = projected(normal_equations(model, problem.packed, problem.loss, both), kept)
    slope = problem.unknowns.slope(y)
    in_y = NormalEquations(normal.matrix * slope[:, None] * slope[None, :], normal.vector * slope, normal.chi2)
    return jax.lax.stop_gradient(normal), in_y


def _flags(free: Any, both: Any) -> list[bool]:
    """For each leaf that `both` marks, whether `free` marks it too."""
    return [f for f, b in zip(jax.tree.leaves(free), jax.tree.leaves(both), strict=True) if b]


def projected(normal: NormalEquations, kept: np.ndarray) -> NormalEquations:
    """The normal equations with the parameters that are not `kept` at their best for every value of the others.

    N' = N_kk − N_ke N_ee⁻¹ N_ek. The eliminated parameters are at their best already, or on a bound, so Jᵀr of the
    others does not change.
    """
    rest = ~kept
    n_ee, n_ek = normal.matrix[rest][:, rest], normal.matrix[rest][:, kept]
    d = jnp.sqrt(jnp.where(jnp.diagonal(n_ee) > 0, jnp.diagonal(n_ee), 1))
    lifted = n_ee / (d[:, None] * d[None, :]) + 20 * d.size * jnp.finfo(d.dtype).eps * jnp.eye(d.size, dtype=d.dtype)
    solved = jnp.linalg.solve(lifted, n_ek / d[:, None])
    matrix = normal.matrix[kept][:, kept] - (n_ek / d[:, None]).T @ solved
    return NormalEquations((matrix + matrix.T) / 2, normal.vector[kept], normal.chi2)


def _chi2_tangent(y: Array, problem: Problem, tangent: Any) -> Array:
    """The derivative of χ² along a change of the arguments, with `y` fixed."""

    def chi2(whole: Problem) -> Array:
        return chi_squared(whole.model(y), whole.packed, whole.loss)

    return tangent_along(chi2, problem, tangent)
