"""Pressure-driven flow between plates or along a pipe."""

from typing import ClassVar, final

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Inexact

from ..accumulation import AbstractAccumulation, Trapezoid
from ..geometry import Geometry, Sector
from ..parameters import component, parameter
from ..rates import AbstractRate, as_rate
from .abstract import AbstractTerm, Nodes
from .direction import q_along
from .field import phase, times

_SERIES_BELOW = 1.0
_SERIES_TERMS = 18


@final
class Poiseuille(AbstractTerm):
    """g1 = ∫₀¹ exp(i a (1 − s²)) ds, a = q cos(φ0 − φ) ∫ velocity dt: the parabolic profile, scatterers spread evenly.

    It holds between two plates, and for a beam much narrower than a pipe that crosses its axis. A pipe lit over its
    whole cross-section has all velocities from 0 to v equally often: |g1| = |sin(a/2)/(a/2)|.

    - `velocity`: v(t) on the central plane or axis, Å/s, a rate or a number; between plates 3/2 of the mean.
    - `phi0`: direction of the flow, degrees.
    - `accumulation`: `Trapezoid()`, `Exact()` or `GaussLegendre()`.

    Complex: the phase is that of the mean motion. In closed form by Fresnel integrals, for any a.

    Limits: |g1|² ≈ 1 − 4a²/45 for small a, π/4|a| for large. Derivation: the average of exp(i q·Δr) over the
    distance s from the middle, in units of the half gap, where the velocity is v (1 − s²).

    **Raises:** `MissingGeometry` if the geometry has no phi.
    """

    steady: ClassVar[bool] = True

    velocity: AbstractRate = component("Å/s", label="velocity", converter=as_rate)
    phi0: Float[Array, ""] = parameter("deg", period=180.0)
    accumulation: AbstractAccumulation = Trapezoid()

    def nodes(self, geometry: Geometry) -> Nodes:
        return Nodes(q_along(geometry, self.phi0, self) * self.accumulation(self.velocity, geometry))

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        a = node_i.channels - node_j.channels
        return times(phase(a), _parabolic_average(a))


def _parabolic_average(a: Float[Array, ""]) -> Inexact[Array, ""]:
    """∫₀¹ exp(−i a s²) ds, by its series for |a| < 1, where the Fresnel form is 0/0."""
    small = jnp.abs(a) < _SERIES_BELOW
    x = jnp.where(small, a, 0)
    cosine, sine, power = jnp.zeros_like(x), jnp.zeros_like(x), jnp.ones_like(x)
    for n in range(_SERIES_TERMS):
        part_of_sum = (-1) ** (n // 2) * power / (2 * n + 1)
        cosine, sine = (cosine + part_of_sum, sine) if n % 2 == 0 else (cosine, sine + part_of_sum)
        power = power * x / (n + 1)
    z = jnp.sqrt(2 / jnp.pi * jnp.where(small, 1, jnp.abs(a)))
    fresnel_sine, fresnel_cosine = jax.scipy.special.fresnel(z)
    sign = jnp.where(a < 0, -1, 1).astype(a.dtype)
    real = jnp.where(small, cosine, fresnel_cosine / z)
    return jax.lax.complex(real, -jnp.where(small, sine, sign * fresnel_sine / z))
