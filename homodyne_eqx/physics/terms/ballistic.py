"""Scatterers that each keep a velocity of their own."""

from typing import ClassVar, final

from jaxtyping import Array, Float

from ..accumulation import AbstractAccumulation, Trapezoid
from ..geometry import Geometry
from ..kernels import AbstractKernel, Gaussian
from ..parameters import component
from ..rates import AbstractRate, as_rate
from .abstract import AbstractAmountTerm


@final
class Ballistic(AbstractAmountTerm):
    """g1 = kernel(q ∫ velocity dt): constant velocities, distributed over the scatterers, at a common speed v(t).

    - `velocity`: v(t), Å/s, a rate or a number: with `Gaussian()` the standard deviation of the velocity along one
      direction. Then |g1|² = exp(−(q v τ)²): the published factor exp(−(qvτ)²) is that of g2. Fitted as a factor of
      g1, that published factor returns v/√2.
    - `kernel`: `Gaussian()`; or `GapAverage()`, sin x/x, for one speed v in all directions of space; or
      `Exponential()` for a Lorentzian distribution of half width v (strain fields of point stresses).
    - `accumulation`: `Trapezoid()`, `Exact()` or `GaussLegendre()`.

    Limits: v → 0 gives 1. Derivation: g1 = ⟨exp(i q ξ ∫v dt)⟩ over the unit velocities ξ.
    """

    steady: ClassVar[bool] = True

    velocity: AbstractRate = component("Å/s", label="velocity", converter=as_rate)
    kernel: AbstractKernel = Gaussian()
    accumulation: AbstractAccumulation = Trapezoid()

    def amount(self, geometry: Geometry) -> Float[Array, " n_t"]:
        return geometry.q * self.accumulation(self.velocity, geometry)
