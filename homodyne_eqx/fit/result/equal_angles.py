"""Directions and phases that describe the same map, of which a result reports the one next to the start."""

from dataclasses import replace

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array

from ...engine import AbstractPacked, chi_squared
from ...engine.losses import AbstractLoss
from ...physics.model import TwoTimeModel
from ..free_parameters import FreeParameters
from ..problem import model_with
from ..solve.minimise import Outcome

_SAME = {"float64": 1e-12, "float32": 1e-4}


def nearest_to_start(
    fitted: TwoTimeModel, free_parameters: FreeParameters, outcome: Outcome, packed: AbstractPacked, loss: AbstractLoss
) -> tuple[TwoTimeModel, Outcome]:
    """The fitted model with each periodic parameter moved to within half a period of its start, where χ² stays equal.

    Of an even kernel φ0 and φ0 + 180° are one flow, and so are phase and phase + 180° of an oscillation. What holds for
    a model is found by trying: a parameter is moved by its period, or else by twice that, if χ² agrees to 1e-12 (1e-4
    in float32). Uncertainties do not change. One with a prior stays.
    """
    far = {
        k: p.period
        for k, p in enumerate(free_parameters.free)
        if p.period is not None and p.prior is None and abs(outcome.parameters[k] - p.value) > p.period / 2
    }
    if not far:
        return fitted, outcome
    parameters = outcome.parameters.copy()
    chi2 = float(_chi_squared(fitted, packed, loss))
    moving, rest = eqx.partition(fitted, free_parameters.filter)
    dtype = jnp.result_type(float)

    def at(values) -> TwoTimeModel:
        return model_with(moving, rest, values)

    for k, period in far.items():
        parameter = free_parameters.free[k]
        for turn in (period, 2 * period):
            turned = parameters.copy()
            turned[k] -= turn * round((parameters[k] - parameter.value) / turn)
            inside = parameter.low < turned[k] < parameter.high and turned[k] != parameters[k]
            if inside and abs(float(_chi_squared(at(turned), packed, loss)) - chi2) <= _SAME[str(dtype)] * max(
                chi2, 1.0
            ):
                parameters = turned
                break
    return at(parameters), replace(outcome, parameters=parameters)


@eqx.filter_jit
def _chi_squared(model: TwoTimeModel, packed: AbstractPacked, loss: AbstractLoss) -> Array:
    return chi_squared(model, packed, loss)
