"""A term as a user writes one, in a module that can be imported."""

from typing import final

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

import homodyne_eqx as hx


@final
class Settling(hx.AbstractTerm):
    """exp(−(speed q t)²) with a table of settings that no fit moves."""

    speed: Float[Array, ""] = hx.parameter("Å/s", (0.0, jnp.inf))
    settings: dict = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True, default=("a", "b"))

    def nodes(self, geometry):
        return hx.Nodes(self.speed * geometry.q * geometry.t)

    def pair(self, node_i, node_j, sector):
        return jnp.exp(-((node_i.channels - node_j.channels) ** 2))
