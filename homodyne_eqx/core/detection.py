"""How the field correlation g1 reaches the detector as an intensity correlation."""

import abc
from typing import final

import equinox as eqx
from jaxtyping import Array

from .geometry import Geometry, Sector
from .terms import AbstractTerm, Nodes


class AbstractDetection(eqx.Module):
    """From g1 to the part of g2 that contrast multiplies, 1 at lag 0; for one sector and one pair, like a term."""

    @abc.abstractmethod
    def nodes(self, g1: AbstractTerm, geometry: Geometry) -> Nodes:
        """The values of each frame, for one sector."""

    @abc.abstractmethod
    def pair(self, g1: AbstractTerm, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        """(g2 − offset)/contrast of one pair of frames, i not before j: a scalar."""


@final
class Homodyne(AbstractDetection):
    """|g1|²: the scattered light interferes with itself alone (Siegert relation)."""

    def nodes(self, g1: AbstractTerm, geometry: Geometry) -> Nodes:
        return g1.nodes(geometry)

    def pair(self, g1: AbstractTerm, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        value = g1.pair(node_i, node_j, sector)
        return value * value
