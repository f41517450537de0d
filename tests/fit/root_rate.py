"""A rate without the bound that keeps a fit out of where it is not finite."""

from typing import final

import jax.numpy as jnp
from jaxtyping import Array, Float

import homodyne_eqx as hx
from homodyne_eqx.physics.parameters import parameter


@final
class RootRate(hx.AbstractRate):
    """J = 10⁴ √x in Å²/s: NaN below x = 0, without a slope at 0."""

    x: Float[Array, ""] = parameter("Å⁴/s²")

    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return jnp.broadcast_to(1e4 * jnp.sqrt(self.x), t.shape)
