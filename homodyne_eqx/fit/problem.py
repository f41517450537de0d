"""The least-squares problem that a solver sees: O(1) unknowns, a small residual, everything else as arguments."""

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..engine import AbstractPacked, NormalEquations, chi_squared, normal_equations, with_best_scaling
from ..engine.losses import AbstractLoss
from ..physics.model import TwoTimeModel
from ..physics.tied_values import with_tied_values
from .abstract_problem import AbstractProblem
from .free_parameters import FreeParameters
from .parameter import Parameter
from .priors.prior_rows import PriorRows, n_prior_rows, prior_rows
from .solve.interval import inside
from .solve.powers_of_time import powers_of_time
from .solve.unknowns import AbstractUnknowns, BoxUnknowns, IntervalUnknowns


@final
class Problem(AbstractProblem):
    """A fit in the form that a solver needs: the arguments of `residual`, whose unknowns y are 0 at the start.

    - `moving`, `rest`: the model, split into its free leaves and all else; `unknowns`; `packed`: the data; `loss`;
    - `scaling_bounds`: None, or ((low, high) of contrast, (low, high) of offset): these two are then not unknowns, but
      get their best values for every y (variable projection);
    - `names`: of the parameters, in their order; `priors`: their priors.

    All its arrays may be traced and differentiated, also those of data and geometry.
    """

    moving: TwoTimeModel
    rest: TwoTimeModel
    unknowns: AbstractUnknowns
    packed: AbstractPacked
    loss: AbstractLoss
    scaling_bounds: Float[Array, "2 2"] | None = None
    names: tuple[str, ...] = eqx.field(static=True, default=())
    priors: PriorRows = eqx.field(default_factory=lambda: prior_rows(()))

    def model(self, y: Float[Array, " n_params"]) -> TwoTimeModel:
        """The model with these parameters."""
        model = model_with(self.moving, self.rest, self.unknowns.parameters(y))
        if self.scaling_bounds is None:
            return model
        return with_best_scaling(model, self.packed, self.scaling_bounds[:, 0], self.scaling_bounds[:, 1])

    def beside_data(self) -> "Problem":
        return self.packed.beside(self)

    def chi_squared(self, y: Float[Array, " n_params"]) -> Float[Array, ""]:
        """χ² of the data and the priors."""
        return chi_squared(self.model(y), self.packed, self.loss) + self.priors.chi2(self.parameters(y))

    def normal_equations(self, y: Float[Array, " n_params"]) -> NormalEquations:
        """The normal equations of data and priors in the parameters.

        Where contrast and offset are eliminated, they are at their best for every value of these.
        """
        model = self.model(y)
        free = jax.tree.map(lambda x: x is not None, self.moving, is_leaf=lambda x: x is None)
        if self.scaling_bounds is None:
            normal = normal_equations(model, self.packed, self.loss, free)
        else:
            both = eqx.tree_at(lambda m: m.scaling, free, jax.tree.map(lambda _: True, model.scaling))
            leaves = jax.tree.leaves(eqx.filter(model, both))
            kept = np.repeat(_flags(free, both), [leaf.size for leaf in leaves])
            normal = projected(normal_equations(model, self.packed, self.loss, both), kept)
        return self.priors.added_to(normal, self.parameters(y))


def degrees_of_freedom(packed: AbstractPacked, free_parameters: FreeParameters) -> int:
    """The number of pairs of frames and priors minus the number of free parameters.

    **Raises:** `TooFewPairs` if there are none.
    """
    return checked_surplus(int(packed.n_pairs), free_parameters.free)


@final
class TooFewPairs(ValueError):
    """There are no more pairs of frames than parameters."""


def surplus(n_pairs: int, free: Sequence[Parameter]) -> int:
    """By how many so many pairs of frames, and the priors, exceed the free parameters."""
    return n_pairs + n_prior_rows(free) - len(free)


def checked_surplus(n_pairs: int, free: Sequence[Parameter]) -> int:
    """The same. **Raises:** `TooFewPairs` unless it is positive."""
    left = surplus(n_pairs, free)
    if left <= 0:
        raise TooFewPairs(
            f"{n_pairs} pairs of frames cannot determine {len(free)} parameters. Fix some, or use more data."
        )
    return left


@final
class NotFiniteAtStart(ValueError):
    """χ² or its derivative is no number at the start of a fit."""


def not_finite_at(parameters: Iterable[Parameter]) -> NotFiniteAtStart:
    """The error for a start at which χ² or its derivative is not finite."""
    listed = ", ".join(f"{parameter.name} = {parameter.value:g}" for parameter in parameters)
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
    unknowns = unknowns_of(free_parameters.free, dtype, box, packed.geometry.t)
    eliminated = None if scaling_bounds is None else jnp.asarray(scaling_bounds, dtype)
    names = tuple(parameter.name for parameter in free_parameters.free)
    return Problem(moving, rest, unknowns, packed, loss, eliminated, names, prior_rows(free_parameters.free, dtype))


def unknowns_of(free: Sequence[Parameter], dtype: Any, box: bool, t: Float[Array, " n"]) -> AbstractUnknowns:
    """Unknowns that are 0 at the start of the free parameters, and of the order of a tenth of them.

    **Arguments:** `box`: as of `problem_of`; `t`: times of the frames, s.
    """
    low, high, start = (jnp.asarray([getattr(p, name) for p in free], dtype) for name in ("low", "high", "value"))
    scale = jnp.maximum(jnp.abs(start), 1e-6) / 10
    if box:
        powers = powers_of_time([p.name for p in free], [p.exponent for p in free], t, [p.plateau for p in free])
        return BoxUnknowns(low, high, jnp.clip(start, low, high), scale, jnp.ones((), dtype), powers)
    return IntervalUnknowns(low, high, inside(start, low, high), scale)


def model_with(
    moving: TwoTimeModel, rest: TwoTimeModel, parameters: Float[Array | np.ndarray, " n_params"]
) -> TwoTimeModel:
    """The model whose free leaves, one after the other, hold these values, as do those that are tied to them."""
    if isinstance(parameters, np.ndarray):
        return models_with(moving, rest, [parameters])[0]
    leaves, tree = jax.tree.flatten(moving)
    values = [jnp.asarray(x, leaf.dtype) for leaf, x in zip(leaves, _cut(parameters, leaves), strict=True)]
    return with_tied_values(eqx.combine(jax.tree.unflatten(tree, values), rest))


def models_with(moving: TwoTimeModel, rest: TwoTimeModel, parameters: Iterable[np.ndarray]) -> list[TwoTimeModel]:
    """A model for each of several vectors of parameters; all values are sent to the device at once."""
    leaves, tree = jax.tree.flatten(moving)
    of_each = [[x.astype(leaf.dtype) for leaf, x in zip(leaves, _cut(one, leaves), strict=True)] for one in parameters]
    places = jax.tree.unflatten(tree, [_Place(k) for k in range(len(leaves))])
    whole, tree = jax.tree.flatten(eqx.combine(places, rest))  # combined once, for speed
    found = []
    for values in jax.device_put(of_each):
        put = [values[leaf.number] if isinstance(leaf, _Place) else leaf for leaf in whole]
        found.append(with_tied_values(jax.tree.unflatten(tree, put)))
    return found


@final
@dataclass(frozen=True)
class _Place:
    """The place of a leaf that moves, by its number."""

    number: int


def _cut(parameters: Any, leaves: Sequence[Array]) -> list[Any]:
    """A vector of parameters as the values of each leaf, in its shape."""
    ends = np.cumsum([0, *(leaf.size for leaf in leaves)])
    return [parameters[a:b].reshape(leaf.shape) for leaf, (a, b) in zip(leaves, itertools.pairwise(ends), strict=True)]


def values_of(model: TwoTimeModel, free: Any) -> np.ndarray:
    """The inverse of `model_with`: the free parameters of a model, one after the other, in double precision."""
    return np.concatenate([np.ravel(np.asarray(leaf, float)) for leaf in jax.tree.leaves(eqx.filter(model, free))])


def _flags(free: Any, both: Any) -> list[bool]:
    """For each leaf that `both` marks, whether `free` marks it too."""
    return [f for f, b in zip(jax.tree.leaves(free), jax.tree.leaves(both), strict=True) if b]


def projected(normal: NormalEquations, kept: np.ndarray) -> NormalEquations:
    """The normal equations with the parameters that are not `kept` at their best for every value of the others.

    N' = N_kk − N_ke N_ee⁻¹ N_ek. The eliminated parameters are at their best already, or on a bound, so the vector of
    the normal equations of the others does not change.
    """
    rest = ~kept
    n_ee, n_ek = normal.matrix[rest][:, rest], normal.matrix[rest][:, kept]
    d = jnp.sqrt(jnp.where(jnp.diagonal(n_ee) > 0, jnp.diagonal(n_ee), 1))
    lifted = n_ee / (d[:, None] * d[None, :]) + 20 * d.size * jnp.finfo(d.dtype).eps * jnp.eye(d.size, dtype=d.dtype)
    solved = jnp.linalg.solve(lifted, n_ek / d[:, None])
    matrix = normal.matrix[kept][:, kept] - (n_ek / d[:, None]).T @ solved
    return NormalEquations((matrix + matrix.T) / 2, normal.vector[kept], normal.chi2)
