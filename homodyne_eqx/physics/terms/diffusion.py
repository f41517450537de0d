"""Diffusion with a time-dependent transport coefficient."""

from typing import ClassVar, final

from jaxtyping import Array, Float

from ..accumulation import AbstractAccumulation, Trapezoid
from ..geometry import Geometry
from ..kernels import AbstractKernel, Exponential
from ..parameters import component
from ..rates import AbstractRate, as_rate
from .abstract import AbstractAmountTerm


@final
class Diffusion(AbstractAmountTerm):
    """g1 = kernel(½ q² ∫ rate dt): with kernel exp(−x), displacements along q are Gaussian with variance ∫ J dt.

    - `rate`: the transport coefficient J(t) = d⟨Δx²⟩/dt, Å²/s, a rate or a number. For plain Brownian motion J = 2
      D_SE, with the Stokes–Einstein coefficient for which the textbook writes exp(−q² D_SE τ): `StokesEinstein(D)`.
    - `kernel`: `Exponential()`.
    - `accumulation`: `Trapezoid()`, the documented rule, or `Exact()`, or `GaussLegendre()`.

    Limits: J → 0 or q → 0 gives 1; a constant J gives exp(−½ q² J τ).

    Source: He et al., PNAS 121 (2024) e2401162121, eq. for the diffusive part of c2.
    """

    steady: ClassVar[bool] = True

    rate: AbstractRate = component("Å²/s", label="J", also=(("D_SE = J/2", 0.5),), converter=as_rate)
    kernel: AbstractKernel = Exponential()
    accumulation: AbstractAccumulation = Trapezoid()

    def amount(self, geometry: Geometry) -> Float[Array, " n_t"]:
        return geometry.q**2 / 2 * self.accumulation(self.rate, geometry)
