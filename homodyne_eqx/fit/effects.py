"""The parameters that have an effect on the data, and those whose effect is rounding alone."""

from dataclasses import replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..engine import AbstractPacked, NormalEquations, normal_equations
from ..engine.losses import AbstractLoss
from ..physics.model import TwoTimeModel
from .free_parameters import FreeParameters
from .priors.prior_rows import prior_information
from .solve.minimise import Outcome
from .solve.quadratic import determined, diagonal_of

_UNITS_IN_THE_LAST_PLACE = 8
_ROUNDING_ALONE = 0.1
_NEXT_TO_NOTHING = 1e-12


def without_rounding(
    fitted: TwoTimeModel, outcome: Outcome, free_parameters: FreeParameters, packed: AbstractPacked, loss: AbstractLoss
) -> Outcome:
    """The outcome without the effects of parameters that are nothing but rounding: those are not determined.

    A parameter whose uncertainty, with all others fixed, is out of all proportion to its magnitude may have a true
    effect, if it started next to 0, or one such as that of a shear rate across the flow, cos 90° = 6·10⁻¹⁷ in place of
    0. The two are told apart by one more pass over the data, with all of the model and of the geometry changed in the
    last places, and zeros by 1e-12: that changes only an effect that is rounding. A direction or a phase is not
    determined either where its uncertainty, with all others fixed, is more than its period.
    """
    normal = outcome.normal
    length = 1 / np.sqrt(diagonal_of(normal))
    start = free_parameters.array("value")
    has_effect = np.diagonal(normal.matrix) > 0
    any_direction = has_effect & (length > [np.inf if p.period is None else p.period for p in free_parameters.free])
    suspect = ~determined(start, outcome.parameters, length, normal.eps) & has_effect & ~any_direction
    if not normal.is_finite or not (suspect.any() or any_direction.any()):
        return outcome
    beside = _normal_equations(*_shaken((fitted, packed.geometry)), packed, loss, free_parameters.filter)
    matrix = np.asarray(beside.matrix, float) + prior_information(free_parameters.free, outcome.parameters)
    other = np.sqrt(np.maximum(np.diagonal(matrix), 0))
    rounding = any_direction | suspect & ~(np.abs(other * length - 1) < _ROUNDING_ALONE)
    matrix = np.where(rounding[:, None] | rounding[None, :], 0, normal.matrix)
    cleaned = normal._replace(matrix=matrix, vector=np.where(rounding, 0, normal.vector))
    return replace(outcome, normal=cleaned, at_bound=outcome.at_bound & ~rounding)


@eqx.filter_jit
def _normal_equations(
    model: TwoTimeModel, geometry: Any, packed: AbstractPacked, loss: AbstractLoss, free: Any
) -> NormalEquations:
    return normal_equations(model, eqx.tree_at(lambda p: p.geometry, packed, geometry), loss, free)


def _shaken(tree: Any) -> Any:
    """Every number in it changed by a few units in the last place, up or down; 0, which may be a lower bound, to
    1e-12."""
    rng = np.random.default_rng(0)

    def shaken(x: Any) -> Any:
        if not eqx.is_inexact_array(x):
            return x
        eps = np.finfo(x.dtype).eps
        factor = 1 + _UNITS_IN_THE_LAST_PLACE * eps * rng.choice([-1.0, 1.0], np.shape(x))
        return jnp.where(x == 0, jnp.asarray(_NEXT_TO_NOTHING, x.dtype), x * factor.astype(x.dtype))

    return jax.tree.map(shaken, tree)
