"""Exponential relaxation to a plateau."""

from typing import final

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..parameters import parameter
from .abstract import AbstractIntegrableRate
from .power_law import expm1_over


@final
class Relaxing(AbstractIntegrableRate):
    """rate(t) = plateau + (initial − plateau) · exp(−t/time): start-up or cessation with one relaxation time.

    - `initial`, `plateau`: unit of the rate; fits keep them > 0;
    - `time`: relaxation time, s, > 0.

    Limits: initial at t = 0, plateau for t ≫ time. Derivation: it solves d rate/dt = (plateau − rate)/time.
    """

    initial: Float[Array, ""] = parameter("{unit}", (0.0, jnp.inf))
    plateau: Float[Array, ""] = parameter("{unit}", (0.0, jnp.inf))
    time: Float[Array, ""] = parameter("s", (0.0, jnp.inf))

    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return self.plateau + (self.initial - self.plateau) * jnp.exp(-t / self.time)

    def integral(self, start: Float[Array, "*#shape"], stop: Float[Array, "*#shape"]) -> Float[Array, "*#shape"]:
        early, step = jnp.minimum(start, stop), jnp.abs(stop - start)
        # ∫ exp(−t/time) dt over a step, without the cancellation of two near-equal exponentials.
        decayed = jnp.exp(-early / self.time) * expm1_over(-step / self.time)
        return (stop - start) * (self.plateau + (self.initial - self.plateau) * decayed)
