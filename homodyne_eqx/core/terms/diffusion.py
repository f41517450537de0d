"""Diffusion with a time-dependent transport coefficient."""

from typing import final

from jaxtyping import Array

from ..accumulation import AbstractAccumulation, Trapezoid
from ..geometry import Geometry, Sector
from ..kernels import AbstractKernel, Exponential
from ..parameters import part
from ..rates import AbstractRate
from .abstract import AbstractTerm, Nodes


@final
class Diffusion(AbstractTerm):
    """g1 = kernel(½ q² ∫ J dt), with kernel exp(−x): displacements along q are Gaussian with variance ∫ J dt.

    - `rate`: the transport coefficient J(t) = d⟨Δx²⟩/dt, Å²/s. For plain Brownian motion J = 2 D_SE, with the
      Stokes–Einstein coefficient for which the textbook writes exp(−q² D_SE τ).
    - `kernel`: `Exponential()`.
    - `accumulation`: `Trapezoid()`, the documented rule, or `Exact()`.

    Source: He et al., PNAS 121 (2024) e2401162121, eq. for the diffusive part of c2.
    """

    rate: AbstractRate = part("Å²/s")
    kernel: AbstractKernel = Exponential()
    accumulation: AbstractAccumulation = Trapezoid()

    def nodes(self, geometry: Geometry) -> Nodes:
        x = geometry.q**2 / 2 * self.accumulation(self.rate, geometry)
        return Nodes(x, self.kernel.tables(x))

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        return self.kernel.pair(node_i.channels, node_j.channels, node_i.tables, node_j.tables)
