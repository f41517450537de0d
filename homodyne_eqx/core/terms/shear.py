"""Decorrelation by simple shear across a gap."""

from typing import final

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..accumulation import AbstractAccumulation, Trapezoid
from ..geometry import Geometry, Sector
from ..kernels import AbstractKernel, SincSquared
from ..parameters import parameter, part
from ..rates import AbstractRate
from .abstract import AbstractTerm, Nodes


@final
class Shear(AbstractTerm):
    """g1 = kernel(½ q L cos(φ0 − φ) ∫ γ̇ dt): scatterers at different depths of the gap move apart.

    - `rate`: the shear rate γ̇(t), 1/s.
    - `phi0`: direction of the flow, degrees. φ0 and φ0 + 180° are the same flow.
    - `kernel`: `SincSquared()`, the documented form, or `GapAverage()`, what uniformly sheared scatterers do. They
      differ by a factor of 2.2 in the shear rate: `convert_shear_rate`.
    - `accumulation`: `Trapezoid()`, the documented rule, or `Exact()`.

    **Raises:** `ValueError` if the geometry has no gap or no phi.

    Source: He et al., PNAS 121 (2024) e2401162121 (documented form); Burghardt et al., Phys. Rev. E 85 (2012) 021402
    (decorrelation in uniform shear).
    """

    rate: AbstractRate = part("s⁻¹")
    phi0: Float[Array, ""] = parameter("deg")
    kernel: AbstractKernel = SincSquared()
    accumulation: AbstractAccumulation = Trapezoid()

    def nodes(self, geometry: Geometry) -> Nodes:
        if geometry.gap is None or geometry.phi is None:
            missing = " and ".join(name for name in ("gap", "phi") if getattr(geometry, name) is None)
            raise ValueError(
                f"Shear needs {missing}, which the geometry lacks. Pass them: Geometry(q, t, phi=…, gap=…)."
            )
        along_flow = geometry.q * geometry.gap / 2 * jnp.cos(jnp.deg2rad(self.phi0 - geometry.phi))
        x = along_flow * self.accumulation(self.rate, geometry)
        return Nodes(x, self.kernel.tables(x))

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        return self.kernel.pair(node_i.channels, node_j.channels, node_i.tables, node_j.tables)
