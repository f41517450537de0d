"""Several data sets and the models that share parameters, as one least-squares problem."""

from collections.abc import Sequence
from typing import final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..engine import AbstractPacked, NormalEquations, chi_squared, normal_equations
from ..engine.losses import AbstractLoss
from ..fit.abstract_problem import AbstractProblem
from ..fit.free_parameters import FreeParameters
from ..fit.parameter import Parameter
from ..fit.priors.prior_rows import PriorRows, prior_rows
from ..fit.problem import model_with, unknowns_of
from ..fit.solve.unknowns import AbstractUnknowns
from ..physics.model import TwoTimeModel


@final
class Part(eqx.Module):
    """One data set of a joint fit: its model, split into free leaves and all else, and where its free parameters, in
    their order, are among those of the joint fit."""

    moving: TwoTimeModel
    rest: TwoTimeModel
    packed: AbstractPacked
    loss: AbstractLoss
    places: tuple[int, ...] = eqx.field(static=True)

    def chi_squared(self, parameters: Float[Array, " n_params"]) -> Float[Array, ""]:
        """χ² of this data set at the parameters of the joint fit."""
        return _chi_squared(self.moving, self.rest, self.packed, self.loss, parameters[np.array(self.places)])

    def normal_equations(self, parameters: Float[Array, " n_params"]) -> NormalEquations:
        """The normal equations of this data set in its own free parameters."""
        return _normal_equations(self.moving, self.rest, self.packed, self.loss, parameters[np.array(self.places)])


@final
class JointProblem(AbstractProblem):
    """A joint fit as a solver sees it. `parts`: one for each data set."""

    parts: tuple[Part, ...]
    unknowns: AbstractUnknowns
    priors: PriorRows

    def beside_data(self) -> "JointProblem":
        problem = self
        for part in self.parts:
            problem = part.packed.beside(problem)
        return problem

    def chi_squared(self, y: Float[Array, " n_params"]) -> Float[Array, ""]:
        parameters = self.parameters(y)
        total = self.priors.chi2(parameters)
        for part in self.parts:
            total = total + part.chi_squared(parameters)
        return total

    def normal_equations(self, y: Float[Array, " n_params"]) -> NormalEquations:
        parameters = self.parameters(y)
        n, dtype = parameters.size, parameters.dtype
        total = NormalEquations(jnp.zeros((n, n), dtype), jnp.zeros(n, dtype), jnp.zeros((), dtype))
        for part in self.parts:
            own, at = part.normal_equations(parameters), np.array(part.places)
            total = NormalEquations(
                total.matrix.at[np.ix_(at, at)].add(own.matrix.astype(dtype)),
                total.vector.at[at].add(own.vector.astype(dtype)),
                total.chi2 + own.chi2.astype(dtype),
            )
        return self.priors.added_to(total, parameters)


# Neither knows the places among the parameters of the joint fit, so one program does for all data sets of a shape.
@eqx.filter_jit
def _chi_squared(
    moving: TwoTimeModel, rest: TwoTimeModel, packed: AbstractPacked, loss: AbstractLoss, own: Float[Array, " n_own"]
) -> Float[Array, ""]:
    return chi_squared(model_with(moving, rest, own), packed, loss)


@eqx.filter_jit
def _normal_equations(
    moving: TwoTimeModel, rest: TwoTimeModel, packed: AbstractPacked, loss: AbstractLoss, own: Float[Array, " n_own"]
) -> NormalEquations:
    free = jax.tree.map(lambda x: x is not None, moving, is_leaf=lambda x: x is None)
    return normal_equations(model_with(moving, rest, own), packed, loss, free)


def part_of(
    model: TwoTimeModel,
    free_parameters: FreeParameters,
    packed: AbstractPacked,
    loss: AbstractLoss,
    places: Sequence[int],
) -> Part:
    """The part of one data set; `places`: of its free parameters among those of the joint fit."""
    moving, rest = eqx.partition(model, free_parameters.filter)
    return Part(moving, rest, packed, loss, tuple(places))


def joint_problem(parts: Sequence[Part], free: Sequence[Parameter], box: bool) -> JointProblem:
    """The problem of moving the parameters from their starts; y of the order of a tenth of them.

    **Arguments:** `box`: for a solver that is told the bounds; else they are in the unknowns.
    """
    dtype = jnp.result_type(float)
    t = jnp.concatenate([part.packed.geometry.t for part in parts])
    return JointProblem(tuple(parts), unknowns_of(free, dtype, box, t), prior_rows(free, dtype))
