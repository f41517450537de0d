"""Scatterers that a flow carries through the beam."""

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
class Transit(AbstractAmountTerm):
    """g1 = kernel(∫ velocity dt / beam_radius): scatterers leave a Gaussian beam and others enter, at any q.

    - `velocity`: v(t) across the beam, Å/s, a rate or a number.
    - `beam_radius`: w, Å, > 0: where the intensity of the beam has fallen to 1/e², in the direction of the motion: √2
      times the radius at 1/e, twice the standard deviation, 0.849 times the full width at half maximum. It is a
      property of the instrument: a fit keeps it fixed unless it is named in `free`, because data determine only v/w.
    - `kernel`: `Gaussian()` for a Gaussian beam. Then |g1|² = exp(−(vτ/w)²): the published factor is that of g2.
    - `accumulation`: `Trapezoid()`, `Exact()` or `GaussLegendre()`.

    Limits: w → ∞ or v → 0 gives 1. Derivation: a scatterer at x counts A(x) A(x + d) = exp(−(x² + (x + d)²)/w²),
    with the amplitude A of the beam and d = ∫ v dt; over all x that is exp(−d²/2w²). It multiplies the factors of
    the motion along q as long as q w ≫ 1.

    At one q a Gaussian transit and a Gaussian `Ballistic` give the same curve: fit several q to distinguish them.
    """

    steady: ClassVar[bool] = True

    velocity: AbstractRate = component("Å/s", label="transit velocity", converter=as_rate)
    beam_radius: Float[Array, ""] = parameter("Å", (0.0, jnp.inf), free=False)
    kernel: AbstractKernel = Gaussian()
    accumulation: AbstractAccumulation = Trapezoid()

    def amount(self, geometry: Geometry) -> Float[Array, " n_t"]:
        return self.accumulation(self.velocity, geometry) / self.beam_radius
