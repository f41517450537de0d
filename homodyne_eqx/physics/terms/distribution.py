"""A parameter that differs from scatterer to scatterer: polydispersity."""

from collections.abc import Callable
from typing import Any, ClassVar, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..construction_checks import expect_within
from ..geometry import Geometry, Sector
from ..parameters import component, parameter, picking
from .abstract import AbstractTerm, Nodes, each, joined
from .field import plus, times


@final
class Distribution(AbstractTerm):
    """g1 = ∫ N(ξ) term(s · where) dξ, ln s = width · ξ − width²/2: the fields of scatterers that differ in a parameter.

    The parameter is spread log-normally about its mean; N is the standard normal density.

    - `term`: the term of one kind of scatterer.
    - `where`: picks the parameter, or several that vary together, out of the term: `lambda term:
      term.rate.amplitude`. Their values in the term are the means.
    - `width`: standard deviation of ln s, dimensionless, ≥ 0: nearly the relative standard deviation of the
      parameter, √(exp(width²) − 1).
    - `order`: points of the Gauss–Hermite quadrature in ln s.

    The density is weighted by scattered intensity: for radii, the number distribution times the square of the form
    factor.

    Limits: width → 0 is the term itself; for g1 = exp(−x), small x gives 1 − x + ½x² exp(width²), a second cumulant.
    Derivation: fields of independent scatterers add, and ⟨s⟩ = 1.

    **Raises:** `TypeError` for an object that is not a term; `ValueError` for a width below 0 or no points.
    """

    steady: ClassVar[bool] = True

    term: AbstractTerm = component()
    where: Callable[[Any], Any] = picking("term")
    width: Float[Array, ""] = parameter("", (0.0, jnp.inf))
    order: int = eqx.field(static=True, default=7)

    def __check_init__(self):
        expect_within(self, "width", self.width, 0.0, np.inf)
        if self.order < 1:
            raise ValueError(f"Distribution was given order = {self.order}; expected at least 1 point.")

    def nodes(self, geometry: Geometry) -> Nodes:
        return joined([term.nodes(geometry) for term in self._kinds()])

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        _, weights = _normal_quadrature(self.order)
        kinds = zip(weights, self._kinds(), each(node_i), each(node_j), strict=True)
        return plus(*(times(jnp.asarray(w, sector.q.dtype), term.pair(i, j, sector)) for w, term, i, j in kinds))

    def _kinds(self) -> list[AbstractTerm]:
        """The term of each point of the quadrature."""
        deviates, _ = _normal_quadrature(self.order)
        factors = [jnp.exp(self.width * x - self.width**2 / 2) for x in deviates]
        scaled = lambda factor: jax.tree.map(lambda p: p * factor, self.where(self.term))  # noqa: E731
        return [eqx.tree_at(self.where, self.term, scaled(factor)) for factor in factors]


def _normal_quadrature(order: int) -> tuple[list[float], list[float]]:
    """Points and weights for averages over a standard normal distribution."""
    points, weights = np.polynomial.hermite_e.hermegauss(order)
    return points.tolist(), (weights / weights.sum()).tolist()
