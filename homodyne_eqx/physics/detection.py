"""Detections: from the field correlation g1 to an intensity correlation on the detector."""

import abc
from typing import ClassVar, final

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .construction_checks import check_structure, expect_within
from .equation import equation
from .errors import MissingGeometry
from .geometry import Geometry, Sector
from .parameters import component, parameter
from .quantities import AbstractWithQuantities
from .terms import AbstractTerm, Nodes
from .terms.field import intensity, plus, times


class AbstractDetection(AbstractWithQuantities):
    """The part of g2 that contrast multiplies, computed from g1; 1 at lag 0. For one sector and one pair, like a term.

    `steady`: True if the result depends on the lag alone whenever g1 does.
    """

    steady: ClassVar[bool] = False

    def __check_init__(self):
        check_structure(self)

    @abc.abstractmethod
    def nodes(self, g1: AbstractTerm, geometry: Geometry) -> Nodes:
        """The values of each frame, for one sector."""

    @abc.abstractmethod
    def pair(self, g1: AbstractTerm, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        """(g2 − offset)/contrast of one pair of frames, i not before j: a real scalar."""

    def __str__(self) -> str:
        return equation(self)


class AbstractFieldDetection(AbstractDetection):
    """M = |field|²: the light of a pixel is one complex Gaussian field, whose correlation the detection states. The
    noise of a map is that of a finite number of such fields. For other detections the field is assumed to have the
    correlation √M.
    """

    @abc.abstractmethod
    def field(self, g1: AbstractTerm, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        """The correlation of the field in one pair of frames, i not before j: a scalar, real or complex."""

    def pair(self, g1: AbstractTerm, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        return intensity(self.field(g1, node_i, node_j, sector))


def field_correlation(
    detection: AbstractDetection, g1: AbstractTerm, node_i: Nodes, node_j: Nodes, sector: Sector
) -> Array:
    """The correlation of the field as a detection states it, or √M, for one pair of frames."""
    if isinstance(detection, AbstractFieldDetection):
        return detection.field(g1, node_i, node_j, sector)
    return jnp.sqrt(jnp.maximum(detection.pair(g1, node_i, node_j, sector), 0))


@final
class Homodyne(AbstractFieldDetection):
    """M = |g1|²: the scattered light interferes with itself alone.

    Dimensionless, without parameters. Limits: 1 at lag 0, 0 after full decorrelation. Derivation: the field of many
    independent scatterers is a complex Gaussian number, whose intensities correlate by the Siegert relation ⟨I_i I_j⟩ =
    ⟨I_i⟩⟨I_j⟩ (1 + |g1|²).
    """

    steady: ClassVar[bool] = True

    def nodes(self, g1: AbstractTerm, geometry: Geometry) -> Nodes:
        return g1.nodes(geometry)

    def field(self, g1: AbstractTerm, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        return g1.pair(node_i, node_j, sector)


@final
class PartialHeterodyne(AbstractFieldDetection):
    """M = |(1 − x) g1 + x|², x = reference: part of the light is a static reference, a wall or a window.

    That is (1−x)² |g1|² + 2x(1−x) Re g1 + x². A drift of the sample against the reference gives fringes: g1 then
    contains a `Drift`, or a flow with its phase.

    - `reference`: x, the share of the intensity that is static, dimensionless, from 0 to 1; fits keep it within (0,
      1).

    Limits: x = 0 is `Homodyne`; x = 1 is a static speckle pattern. Derivation: the field is the sum of √(1−x) times the
    field of the sample and √x times that of a static speckle pattern, both independent and of unit intensity. Its
    correlation enters the Siegert relation.

    **Raises:** `ValueError` for a share out of range.
    """

    steady: ClassVar[bool] = True

    reference: Float[Array, ""] = parameter("", (0.0, 1.0))

    def __check_init__(self):
        expect_within(self, "reference", self.reference, 0.0, 1.0)

    def nodes(self, g1: AbstractTerm, geometry: Geometry) -> Nodes:
        return g1.nodes(geometry)

    def field(self, g1: AbstractTerm, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        return plus(times(1 - self.reference, g1.pair(node_i, node_j, sector)), self.reference)


@final
class FiniteSector(AbstractDetection):
    """M = ⟨detection(q + δq, φ + δφ)⟩, |δq| ≤ q_width/2, |δφ| ≤ phi_width/2: the pixels of a sector see different q and
    φ.

    - `phi_width`: full width in azimuth, degrees; `q_width`: full width in q, Å⁻¹. Pixels are spread evenly. Both are
      properties of the instrument: a fit keeps them fixed unless they are named in `free`.
    - `n_phi`, `n_q`: points of the Gauss–Legendre quadrature; 1 neglects that width.
    - `detection`: of each pixel; `Homodyne()` by default.

    Limits: widths → 0 is the detection itself. The time of a fit grows with the number of points. Derivation: c2 is
    an average over pixels, whose intensities are correlated one by one; so M averages, and g1 does not.

    **Raises:** `MissingGeometry` if the geometry has no phi; `ValueError` for fewer than 1 point; `TypeError` for an
    object that is not a detection.
    """

    steady: ClassVar[bool] = True

    phi_width: Float[Array, ""] = parameter("deg", (0.0, jnp.inf), free=False)
    q_width: Float[Array, ""] = parameter("Å⁻¹", (0.0, jnp.inf), free=False, default=0.0)
    n_phi: int = eqx.field(static=True, default=3)
    n_q: int = eqx.field(static=True, default=1)
    detection: AbstractDetection = component(default=Homodyne())

    def __check_init__(self):
        if self.n_phi < 1 or self.n_q < 1:
            raise ValueError(f"FiniteSector was given {self.n_phi} × {self.n_q} points; expected at least 1 × 1.")

    def nodes(self, g1: AbstractTerm, geometry: Geometry) -> Nodes:
        if geometry.phi is None and self.n_phi > 1:
            raise MissingGeometry("FiniteSector", ("phi",), "with n_phi=1 it needs q alone")
        each = [self.detection.nodes(g1, geometry.with_sectors(s)) for s, _ in self._points(geometry.sectors)]
        return Nodes(tuple(n.channels for n in each), tuple(n.tables for n in each))

    def pair(self, g1: AbstractTerm, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        total = jnp.zeros_like(sector.q)
        for k, (point, weight) in enumerate(self._points(sector)):
            i, j = (Nodes(node.channels[k], node.tables[k]) for node in (node_i, node_j))
            total = total + weight * self.detection.pair(g1, i, j, point)
        return total

    def _points(self, sector: Sector) -> list[tuple[Sector, float]]:
        (along_phi, phi_weights), (along_q, q_weights) = (
            np.polynomial.legendre.leggauss(n) for n in (self.n_phi, self.n_q)
        )
        return [
            (
                Sector(
                    sector.q + self.q_width / 2 * float(b),
                    sector.gap,
                    None if sector.phi is None else sector.phi + self.phi_width / 2 * float(a),
                    sector.index,
                ),
                float(u * v) / 4,
            )
            for a, u in zip(along_phi, phi_weights, strict=True)
            for b, v in zip(along_q, q_weights, strict=True)
        ]


@final
class DriftingContrast(AbstractDetection):
    """M = √(b_i b_j) · detection, b = exp(Σ_k coefficients[k] P_{k+1}(s)), |s| ≤ 1: a contrast that drifts slowly.

    s grows in proportion to the time from −1 at the first frame of the geometry to 1 at the last, and P are Legendre
    polynomials: the mean of ln b over the run is 0, so that the parameter `contrast` is the geometric mean over the
    run. The value at lag 0 is b(t), not 1.

    - `coefficients`: dimensionless, shape `(n,)`: b drifts from exp(−c) to exp(c) with one coefficient c.
    - `detection`: the detection without the drift; `Homodyne()` by default.

    Limits: coefficients → 0 is the detection itself. Derivation: if frame i alone has b_i times the mean contrast, the
    speckles of two frames correlate with the geometric mean of both contrasts.

    **Raises:** `ValueError` for coefficients of another shape; `TypeError` for an object that is not a detection.
    """

    coefficients: Float[Array, " n"] = parameter("")
    detection: AbstractDetection = component(default=Homodyne())

    def __check_init__(self):
        check_structure(self)
        if self.coefficients.ndim != 1 or self.coefficients.size == 0:
            raise ValueError(
                f"DriftingContrast was given coefficients of shape {self.coefficients.shape}; expected a 1-D array."
            )

    def nodes(self, g1: AbstractTerm, geometry: Geometry) -> Nodes:
        inner, t = self.detection.nodes(g1, geometry), geometry.t
        span = t[-1] - t[0]
        s = (2 * t - t[-1] - t[0]) / jnp.where(span > 0, span, 1)
        polynomials = [jnp.ones_like(s), s]
        for k in range(1, self.coefficients.size):
            polynomials.append(((2 * k + 1) * s * polynomials[-1] - k * polynomials[-2]) / (k + 1))
        half_log = jnp.stack(polynomials[1:], axis=-1) @ self.coefficients / 2
        return Nodes((inner.channels, half_log), inner.tables)

    def pair(self, g1: AbstractTerm, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        (inner_i, log_i), (inner_j, log_j) = node_i.channels, node_j.channels
        value = self.detection.pair(g1, Nodes(inner_i, node_i.tables), Nodes(inner_j, node_j.tables), sector)
        return jnp.exp(log_i + log_j) * value
