"""Relaxation at a rate that is the same at every q: rearrangements of a glass or gel."""

from typing import ClassVar, final

from jaxtyping import Array, Float

from ..accumulation import AbstractAccumulation, Trapezoid
from ..geometry import Geometry
from ..kernels import AbstractKernel, Exponential
from ..parameters import component
from ..rates import AbstractRate, as_rate
from .abstract import AbstractAmountTerm


@final
class Relaxation(AbstractAmountTerm):
    """g1 = kernel(∫ rate dt): a relaxation rate without a law for its q dependence.

    - `rate`: the relaxation rate Γ(t), 1/s, a rate or a number. For one q, Γ = ½ q² J.
    - `kernel`: `Exponential()`, or `Stretched(exponent)` for g1 = exp(−(Γτ)^exponent).
    - `accumulation`: `Trapezoid()`, `Exact()` or `GaussLegendre()`.

    Limits: Γ → 0 gives 1; a constant Γ gives exp(−Γτ). Derivation: scatterers rearrange at the rate Γ, each by more
    than 1/q; a share exp(−∫Γ dt) has not yet rearranged.
    """

    steady: ClassVar[bool] = True

    rate: AbstractRate = component("s⁻¹", label="relaxation rate", converter=as_rate)
    kernel: AbstractKernel = Exponential()
    accumulation: AbstractAccumulation = Trapezoid()

    def amount(self, geometry: Geometry) -> Float[Array, " n_t"]:
        return self.accumulation(self.rate, geometry)
