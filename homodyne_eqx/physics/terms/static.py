"""Scatterers that do not move."""

from typing import ClassVar, final

import jax.numpy as jnp
from jaxtyping import Array

from ..geometry import Geometry, Sector
from .abstract import AbstractTerm, Nodes


@final
class Static(AbstractTerm):
    """g1 = 1: a population that does not move, for `Populations` and `TwoComponents`.

    Dimensionless, without parameters. Limits: of any motion as its rate → 0. Derivation: exp(i q·Δr) with Δr = 0.
    """

    steady: ClassVar[bool] = True

    def nodes(self, geometry: Geometry) -> Nodes:
        return Nodes(None)

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        return jnp.ones_like(sector.q)
