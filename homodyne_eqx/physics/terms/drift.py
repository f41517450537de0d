"""A velocity common to all scatterers."""

from typing import ClassVar, final

from jaxtyping import Array, Float

from ..accumulation import AbstractAccumulation, Trapezoid
from ..geometry import Geometry, Sector
from ..parameters import component, parameter
from ..rates import AbstractRate, as_rate
from .abstract import AbstractTerm, Nodes
from .direction import q_along
from .field import phase


@final
class Drift(AbstractTerm):
    """g1 = exp(i q cos(φ0 − φ) ∫ velocity dt): all scatterers move together.

    The magnitude is 1: a drift is visible only relative to another population or a reference (`Populations`,
    `PartialHeterodyne`).

    - `velocity`: v(t), Å/s, a rate or a number.
    - `phi0`: direction of the motion, degrees.
    - `accumulation`: `Trapezoid()`, `Exact()` or `GaussLegendre()`.

    Limits: v → 0, or a sector across the motion, gives 1. Derivation: exp(i q·Δr) with the one displacement Δr = ∫ v
    dt along φ0.

    **Raises:** `MissingGeometry` if the geometry has no phi.
    """

    steady: ClassVar[bool] = True

    velocity: AbstractRate = component("Å/s", label="drift velocity", scan="velocity", converter=as_rate)
    phi0: Float[Array, ""] = parameter("deg", period=180.0)
    accumulation: AbstractAccumulation = Trapezoid()

    def nodes(self, geometry: Geometry) -> Nodes:
        return Nodes(q_along(geometry, self.phi0, self) * self.accumulation(self.velocity, geometry))

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        return phase(node_i.channels - node_j.channels)
