"""Any velocity profile across a gap: shear bands, slip at the walls, or your own."""

import abc
import itertools
from typing import ClassVar, final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..accumulation import AbstractAccumulation, Trapezoid
from ..construction_checks import check_structure, expect_within
from ..geometry import Geometry, Sector
from ..parameters import component, parameter
from ..rates import AbstractRate, as_rate
from .abstract import AbstractTerm, Nodes
from .direction import phase_across_gap
from .field import phase, plus, times


class AbstractProfile(eqx.Module):
    """The velocity across a gap, in units of that of the moving wall, as a function of depth, in units of the gap."""

    def __check_init__(self):
        check_structure(self)

    @abc.abstractmethod
    def __call__(self, depth: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        """The velocity at each depth, 0 at the wall at rest to 1 at the moving one; 0 to 1 where nothing slips."""

    @abc.abstractmethod
    def edges(self) -> tuple[Float[Array, ""], ...]:
        """Depths within (0, 1), increasing, at which the profile has a kink or a jump; often none."""


@final
class ShearBands(AbstractProfile):
    """u(s) = s · share/fraction (s < fraction), 1 − (1 − s) · (1 − share)/(1 − fraction) (s ≥ fraction): two bands.

    A band at the wall at rest and the rest of the gap are sheared at different rates.

    - `fraction`: of the gap that the band at the wall at rest takes, within (0, 1).
    - `share`: of the wall's velocity that drops across that band, within [0, 1]. Its shear rate is share/fraction
      times the nominal one.

    Limits: share = fraction is simple shear. Derivation: the velocity is continuous, and linear within each band.

    **Raises:** `ValueError` for values out of range.
    """

    fraction: Float[Array, ""] = parameter("", (0.0, 1.0))
    share: Float[Array, ""] = parameter("", (0.0, 1.0))

    def __check_init__(self):
        expect_within(self, "share", self.share, 0.0, 1.0)
        expect_within(self, "fraction", self.fraction, 0.0, 1.0, open_ends=True)

    def __call__(self, depth: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        inside = self.share * depth / self.fraction
        outside = self.share + (1 - self.share) * (depth - self.fraction) / (1 - self.fraction)
        return jnp.where(depth < self.fraction, inside, outside)

    def edges(self) -> tuple[Float[Array, ""], ...]:
        return (self.fraction,)


@final
class WallSlip(AbstractProfile):
    """u(s) = slip_rest + (1 − slip_rest − slip_moving) · s: simple shear between walls that the fluid slips along.

    - `slip_rest`, `slip_moving`: the velocity lost at the wall at rest and at the moving wall, in units of the velocity
      of the moving wall, in [0, 1]. |g1|² depends only on their sum.

    Limits: no slip is simple shear; a sum of 1 is a plug. Derivation: the velocity is linear between those next to
    the two walls.

    **Raises:** `ValueError` for values out of range.
    """

    slip_rest: Float[Array, ""] = parameter("", (0.0, 1.0))
    slip_moving: Float[Array, ""] = parameter("", (0.0, 1.0))

    def __check_init__(self):
        expect_within(self, "slip_rest", self.slip_rest, 0.0, 1.0)
        expect_within(self, "slip_moving", self.slip_moving, 0.0, 1.0)

    def __call__(self, depth: Float[Array, "*shape"]) -> Float[Array, "*shape"]:
        return self.slip_rest + (1 - self.slip_rest - self.slip_moving) * depth

    def edges(self) -> tuple[Float[Array, ""], ...]:
        return ()


@final
class VelocityProfile(AbstractTerm):
    """g1 = ∫₀¹ exp(i x profile(s)) ds, x = q L cos(φ0 − φ) ∫ rate dt: scatterers spread evenly over the depth s.

    - `rate`: the nominal shear rate γ̇(t), 1/s: velocity of the moving wall over the gap; a rate or a number.
    - `phi0`: direction of the flow, degrees.
    - `profile`: `ShearBands(…)`, `WallSlip(…)`, or a profile of your own.
    - `accumulation`: `Trapezoid()`, `Exact()` or `GaussLegendre()`.
    - `order`: points of the Gauss–Legendre quadrature between one kink of the profile and the next. Good to 1e-6
      while |x| times the velocity across that piece stays below `order`.

    Complex: the phase is that of the mean motion. Limits: u = s is `Shear` with `GapAverage()`; γ̇ → 0 gives 1.
    Derivation: the average of exp(i q·Δr) over depths, where Δr = u(s) L ∫ γ̇ dt.

    **Raises:** `MissingGeometry` if the geometry has no gap or no phi.
    """

    steady: ClassVar[bool] = True

    rate: AbstractRate = component("s⁻¹", label="shear rate", converter=as_rate)
    phi0: Float[Array, ""] = parameter("deg", period=180.0)
    profile: AbstractProfile = component("")
    accumulation: AbstractAccumulation = Trapezoid()
    order: int = eqx.field(static=True, default=24)

    def nodes(self, geometry: Geometry) -> Nodes:
        return Nodes(phase_across_gap(geometry, self.phi0, self) * self.accumulation(self.rate, geometry))

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        x = node_i.channels - node_j.channels
        points, weights = (jnp.asarray(a, x.dtype) for a in np.polynomial.legendre.leggauss(self.order))
        edges = (jnp.zeros_like(x), *self.profile.edges(), jnp.ones_like(x))
        layers = []
        for low, high in itertools.pairwise(edges):
            velocity = self.profile(low + (high - low) * (1 + points) / 2)
            layers.append(jnp.sum(times(weights * (high - low) / 2, phase(x * velocity))))
        return plus(*layers)
