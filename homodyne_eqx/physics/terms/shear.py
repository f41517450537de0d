"""Decorrelation by simple shear across a gap."""

from typing import ClassVar, final

from jaxtyping import Array, Float

from ..accumulation import AbstractAccumulation, Trapezoid
from ..geometry import Geometry
from ..kernels import AbstractKernel, GapAverage
from ..parameters import component, parameter
from ..rates import AbstractRate, as_rate
from .abstract import AbstractAmountTerm
from .direction import phase_across_gap


@final
class Shear(AbstractAmountTerm):
    """g1 = kernel(½ q L cos(φ0 − φ) ∫ rate dt): scatterers at different depths of the gap move apart.

    - `rate`: the shear rate γ̇(t), 1/s, a rate or a number.
    - `phi0`: direction of the flow, degrees. φ0 and φ0 + 180° are the same flow.
    - `kernel`: `GapAverage()`, exact for uniform shear, or `SincSquared()`, the documented form. Their shear rates
      differ by a factor of 2.2: `convert_shear_rate`.
    - `accumulation`: `Trapezoid()`, the documented rule, or `Exact()`, or `GaussLegendre()`.

    Limits: γ̇ → 0, or a sector across the flow, gives 1.

    **Raises:** `MissingGeometry` if the geometry has no gap or no phi.

    Source: He et al., PNAS 121 (2024) e2401162121 (documented form); Burghardt et al., Phys. Rev. E 85 (2012) 021402
    (decorrelation in uniform shear).
    """

    steady: ClassVar[bool] = True

    rate: AbstractRate = component("s⁻¹", label="shear rate", converter=as_rate)
    phi0: Float[Array, ""] = parameter("deg", period=180.0)
    kernel: AbstractKernel = GapAverage()
    accumulation: AbstractAccumulation = Trapezoid()

    def amount(self, geometry: Geometry) -> Float[Array, " n_t"]:
        return phase_across_gap(geometry, self.phi0, self) / 2 * self.accumulation(self.rate, geometry)
