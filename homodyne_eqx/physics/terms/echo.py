"""Oscillatory strain: the correlation returns once a period."""

from typing import final

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..geometry import Geometry
from ..kernels import AbstractKernel, GapAverage
from ..parameters import parameter
from .abstract import AbstractAmountTerm
from .direction import phase_across_gap


@final
class Echo(AbstractAmountTerm):
    """g1 = kernel(½ q L cos(φ0 − φ) strain (sin(ω t_i + phase) − sin(ω t_j + phase))), ω = angular_frequency:
    a gap under the strain γ0 sin(ωt + phase).

    Affine strain alone gives echoes of full height. Multiply by `Diffusion` or `Relaxation` for motion that does not
    come back with the strain. It is `Shear` with the rate `Oscillating` in closed form.

    - `strain`: the amplitude γ0, dimensionless; fits keep it > 0.
    - `angular_frequency`: ω = 2π f, rad/s; fits keep it > 0, and scan it: a single start finds it only from within
      about 2 rad over the run.
    - `phi0`: direction of the shear, degrees.
    - `phase`: of the strain at t = 0, degrees; 0 unless given.
    - `kernel`: `GapAverage()`.

    Of an even kernel, phase and phase + 180° are the same |g1|, and so are φ0 and φ0 + 180°. A fit returns each within
    90° of its start.

    Limits: γ0 → 0, or a sector across the shear, gives 1; so does any strain after whole periods.

    **Raises:** `MissingGeometry` if the geometry has no gap or no phi.

    Source: Leheny et al., Curr. Opin. Colloid Interface Sci. 20 (2015) 261 (rheo-XPCS echoes).
    """

    strain: Float[Array, ""] = parameter("", (0.0, jnp.inf))
    angular_frequency: Float[Array, ""] = parameter("rad/s", (0.0, jnp.inf), scan="frequency")
    phi0: Float[Array, ""] = parameter("deg", period=180.0)
    phase: Float[Array, ""] = parameter("deg", scan="phase", period=180.0, default=0.0)
    kernel: AbstractKernel = GapAverage()

    def amount(self, geometry: Geometry) -> Float[Array, " n_t"]:
        strain = self.strain * jnp.sin(self.angular_frequency * geometry.t + jnp.deg2rad(self.phase))
        return phase_across_gap(geometry, self.phi0, self) / 2 * strain
