"""Diffusion that is anomalous but does not age: its mean squared displacement is a power of the lag."""

from typing import ClassVar, final

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..geometry import Geometry, Sector
from ..parameters import parameter
from .abstract import AbstractTerm, Nodes


@final
class AnomalousDiffusion(AbstractTerm):
    """g1 = exp(−½ q² coefficient τ^exponent): ⟨Δx²⟩ = coefficient · τ^exponent along one direction, at any age.

    - `coefficient`: Å²/s^exponent; fits keep it > 0.
    - `exponent`: dimensionless, in (0, 2): below 1 subdiffusion, as in a viscoelastic medium, above 1 superdiffusion.

    A sample whose diffusion slows down with its age is a different case: `Diffusion(PowerLaw(…))`, whose J changes with
    the time t and not with the lag. At a single age the two look alike.

    Limits: exponent 1 is `Diffusion` with J = coefficient; exponent 2 is `Ballistic` with v = √coefficient. The
    derivative in the lag is taken as 0 at lag 0. Derivation: the average of exp(i q Δ) over a Gaussian Δ.

    Source: Mandelbrot and Van Ness, SIAM Rev. 10 (1968) 422 (fractional Brownian motion).
    """

    steady: ClassVar[bool] = True

    coefficient: Float[Array, ""] = parameter("Å²/s^exponent", (0.0, jnp.inf))
    exponent: Float[Array, ""] = parameter("", (0.0, 2.0))

    def nodes(self, geometry: Geometry) -> Nodes:
        return Nodes(geometry.t)

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        lag = node_i.channels - node_j.channels
        power = jnp.exp(self.exponent * jnp.log(jnp.where(lag > 0, lag, 1)))
        return jnp.exp(-(sector.q**2) / 2 * self.coefficient * jnp.where(lag > 0, power, 0))
