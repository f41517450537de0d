"""A rate that does not change."""

from typing import final

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..parameters import parameter
from .abstract import AbstractIntegrableRate


@final
class Constant(AbstractIntegrableRate):
    """rate(t) = value, in the unit of the rate; fits keep it > 0."""

    value: Float[Array, ""] = parameter("{unit}", (0.0, jnp.inf))

    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return jnp.broadcast_to(self.value, t.shape)

    def integral(self, start: Float[Array, "*#shape"], stop: Float[Array, "*#shape"]) -> Float[Array, "*#shape"]:
        return self.value * (stop - start)
