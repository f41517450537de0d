"""The choice between the transport coefficient J and the Stokes–Einstein diffusion coefficient D."""

import math
from typing import ClassVar, final

import jax.numpy as jnp
from jaxtyping import Array, ArrayLike, Float

from ..parameters import component
from .abstract import AbstractIntegrableRate, AbstractRate, closed_form
from .constant import as_rate

_BOLTZMANN = 1.380649e-23
_SQUARE_ANGSTROMS = 1e20


@final
class StokesEinstein(AbstractIntegrableRate):
    """rate(t) = 2 · diffusion(t): the transport coefficient J of a diffusion coefficient D, both Å²/s.

    `Diffusion(StokesEinstein(D))` is the textbook's g1 = exp(−q² D τ); `Diffusion(J)` is exp(−½ q² J τ).

    - `diffusion`: D(t), Å²/s, a rate or a number.

    Limits: D → 0 is no motion. Derivation: J = d⟨Δx²⟩/dt, and ⟨Δx²⟩ = 2 D τ along each direction (Einstein, Ann.
    Phys. 322 (1905) 549).
    """

    steady: ClassVar[bool] = True

    diffusion: AbstractRate = component(converter=as_rate)

    def __call__(self, t: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return 2 * self.diffusion(t)

    def integral(self, start: Float[Array, "*#shape"], stop: Float[Array, "*#shape"]) -> Float[Array, "*#shape"]:
        return 2 * closed_form(self.diffusion, start, stop)


def stokes_einstein_coefficient(temperature: ArrayLike, viscosity: ArrayLike, radius: ArrayLike) -> Array:
    """D = k T / (6π η R) of a sphere, Å²/s.

    **Arguments:** `temperature` K, `viscosity` Pa·s, hydrodynamic `radius` Å, all > 0.
    """
    radius_in_metres = jnp.asarray(radius) * 1e-10
    drag = 6 * math.pi * jnp.asarray(viscosity) * radius_in_metres
    return _BOLTZMANN * _SQUARE_ANGSTROMS * jnp.asarray(temperature) / drag
