"""Two populations, one drifting against the other, whose shares change in time."""

from typing import ClassVar, final

import jax.numpy as jnp
from jaxtyping import Array, Float

from ..accumulation import AbstractAccumulation, Trapezoid
from ..construction_checks import expect_within
from ..floors import floored
from ..geometry import Geometry, Sector
from ..parameters import component, parameter
from ..rates import AbstractRate, Constant, as_rate
from .abstract import AbstractTerm, Nodes
from .direction import q_along
from .field import phase, plus, times

_SMALLEST_SHARE = 1e-10


@final
class TwoComponents(AbstractTerm):
    """g1 = √((1−w_i)(1−w_j)) · first + √(w_i w_j) · second · exp(i q cos(φ0 − φ) ∫ velocity dt), w = fraction(t):
    two populations, the second drifting against the first.

    g2 contains |first|², |second|² and the cross term 2 √(…) first · second · cos(q cos(φ0 − φ) ∫ v dt).

    - `first`, `second`: terms, each for the motion inside one component.
    - `fraction`: w(t), the second component's share of the scattered intensity at time t, a rate (a function of
      time) or a number from 0 to 1; kept within [1e-10, 1 − 1e-10]. For amplitudes in the ratio x : 1 − x, w =
      x²/(x² + (1−x)²).
    - `velocity`: v(t) of the second against the first, Å/s, a rate or a number.
    - `phi0`: direction of that motion, degrees.
    - `accumulation`: of the velocity: `Trapezoid()`, `Exact()` or `GaussLegendre()`.

    Derivation: E(t) = √(1−w) E₁ + √w E₂ exp(i q·∫v), with independent fields of unit intensity. Limits: w → 0 is
    `first` alone, w → 1 `second`. The components may be exchanged: first and second exchanged, with 1 − w, give the
    same map.

    **Raises:** `MissingGeometry` if the geometry has no phi; `ValueError` for a share out of range; `TypeError` for an
    object that is not a term.

    Source: He et al., PNAS 122 (2025) e2514216122, SI eq. S-95, there with amplitudes x instead of intensities w.
    """

    steady: ClassVar[bool] = True

    first: AbstractTerm = component(exchanges_with="second", exchange="with the fraction w become 1 − w")
    second: AbstractTerm = component()
    fraction: AbstractRate = component("", label="fraction", accumulated=False, converter=as_rate)
    velocity: AbstractRate = component("Å/s", label="velocity", scan="velocity", converter=as_rate)
    phi0: Float[Array, ""] = parameter("deg", period=180.0)
    accumulation: AbstractAccumulation = Trapezoid()

    def __check_init__(self):
        if isinstance(self.fraction, Constant):
            expect_within(self, "fraction", self.fraction.value, 0.0, 1.0)

    def nodes(self, geometry: Geometry) -> Nodes:
        first, second = self.first.nodes(geometry), self.second.nodes(geometry)
        w = self.fraction(floored(geometry.t, geometry.time_floor))
        amplitudes = (jnp.sqrt(floored(1 - w, _SMALLEST_SHARE)), jnp.sqrt(floored(w, _SMALLEST_SHARE)))
        angle = q_along(geometry, self.phi0, self) * self.accumulation(self.velocity, geometry)
        return Nodes((first.channels, second.channels, amplitudes, angle), (first.tables, second.tables))

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        (first_i, second_i, (a_i, b_i), angle_i), (first_j, second_j, (a_j, b_j), angle_j) = (
            node_i.channels,
            node_j.channels,
        )
        tables = zip(node_i.tables, node_j.tables, strict=True)
        first, second = (
            term.pair(Nodes(channels_i, tables_i), Nodes(channels_j, tables_j), sector)
            for (term, channels_i, channels_j), (tables_i, tables_j) in zip(
                ((self.first, first_i, first_j), (self.second, second_i, second_j)), tables, strict=True
            )
        )
        return plus(times(a_i * a_j, first), times(b_i * b_j, second, phase(angle_i - angle_j)))
