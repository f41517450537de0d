"""Independent motions multiply."""

import math
from typing import final

import equinox as eqx
from jaxtyping import Array

from ..geometry import Geometry, Sector
from .abstract import AbstractTerm, Nodes


@final
class Product(AbstractTerm):
    """g1 = Π terms: independent motions. `a * b * c` builds it, flat."""

    terms: tuple[AbstractTerm, ...] = eqx.field(converter=tuple)

    def __check_init__(self):
        if not self.terms:
            raise ValueError("A Product needs at least one term.")
        for k, term in enumerate(self.terms):
            if not isinstance(term, AbstractTerm):
                raise TypeError(f"Factor {k} of the product is {term!r}, a {type(term).__name__}; expected a term.")

    def nodes(self, geometry: Geometry) -> Nodes:
        each = [term.nodes(geometry) for term in self.terms]
        return Nodes(tuple(n.channels for n in each), tuple(n.tables for n in each))

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        return math.prod(
            term.pair(Nodes(*of_i), Nodes(*of_j), sector)
            for term, of_i, of_j in zip(self.terms, _each(node_i), _each(node_j), strict=True)
        )


def product(a: AbstractTerm, b: AbstractTerm) -> Product:
    """The flat product of two terms or products."""
    factors = [factor.terms if isinstance(factor, Product) else (factor,) for factor in (a, b)]
    return Product((*factors[0], *factors[1]))


def _each(nodes: Nodes) -> zip:
    return zip(nodes.channels, nodes.tables, strict=True)
