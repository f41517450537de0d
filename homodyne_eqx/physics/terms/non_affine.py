"""Displacements on top of the affine deformation, in proportion to the strain."""

from typing import ClassVar, final

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..accumulation import AbstractAccumulation, Trapezoid
from ..geometry import Geometry
from ..kernels import AbstractKernel, Gaussian
from ..parameters import component, parameter
from ..rates import AbstractRate, as_rate
from .abstract import AbstractAmountTerm


@final
class NonAffine(AbstractAmountTerm):
    """g1 = kernel(q · length · ∫ rate dt): each scatterer leaves the affine path by a random ℓ for each unit of strain.

    - `rate`: the shear rate γ̇(t), 1/s, a rate or a number. The data determine only γ̇·ℓ: tie γ̇ to the rate of a
      `Shear` term (`Shared`), or fix it (`FrozenRate`).
    - `length`: ℓ, Å: the standard deviation of the displacement along one direction at strain 1; fits keep it > 0.
    - `kernel`: `Gaussian()`. Then |g1|² = exp(−q² ℓ² Γ²): the published factor is that of g2.
    - `accumulation`: `Trapezoid()`, `Exact()` or `GaussLegendre()`.

    The displacements are reversed with the strain. For plastic displacements, which add up, use `Diffusion` with a rate
    in proportion to |γ̇|.

    Limits: ℓ → 0 or γ̇ → 0 gives 1. Derivation: the average of exp(i q Δ) over displacements Δ = ℓ Γ ξ beside the
    affine ones, ξ of a standard normal distribution and Γ the strain.
    """

    steady: ClassVar[bool] = True

    rate: AbstractRate = component("s⁻¹", label="non-affine shear rate", converter=as_rate)
    length: Float[Array, ""] = parameter("Å", (0.0, jnp.inf))
    kernel: AbstractKernel = Gaussian()
    accumulation: AbstractAccumulation = Trapezoid()

    def amount(self, geometry: Geometry) -> Float[Array, " n_t"]:
        return geometry.q * self.length * self.accumulation(self.rate, geometry)
