"""Independent motions multiply."""

from typing import final

from jaxtyping import Array

from ..geometry import Geometry, Sector
from ..parameters import part
from ..structure import described
from .abstract import AbstractTerm, Nodes
from .field import times


@final
class Product(AbstractTerm):
    """g1 = Π_k terms[k]: independent motions of the same scatterers. `a * b * c` builds it, flat.

    - `terms`: one or more terms.

    Limits: of one term it is that term. Derivation: the displacement is a sum of independent ones, and the average
    of exp(i q·Δr) the product of theirs.
    """

    terms: tuple[AbstractTerm, ...] = part(converter=tuple)

    def __check_init__(self):
        if not self.terms:
            raise ValueError("Product was given no term; expected at least one.")

    def nodes(self, geometry: Geometry) -> Nodes:
        return joined([term.nodes(geometry) for term in self.terms])

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        return times(
            *(term.pair(i, j, sector) for term, i, j in zip(self.terms, each(node_i), each(node_j), strict=True))
        )


def product(a: AbstractTerm, b: object) -> Product:
    """The flat product of two terms or products.

    **Raises:** `TypeError` that names both sides if `b` is not a term.
    """
    if not isinstance(b, AbstractTerm):
        raise TypeError(
            f"Cannot multiply {type(a).__name__}, a term, by {described(b)}; expected a term on both sides. A rate or "
            "a kernel goes into a term: Diffusion(rate), Shear(rate, phi0, kernel)."
        )
    factors = [factor.terms if isinstance(factor, Product) else (factor,) for factor in (a, b)]
    return Product((*factors[0], *factors[1]))


def joined(of_terms: list[Nodes]) -> Nodes:
    """The nodes of several terms as one."""
    return Nodes(tuple(n.channels for n in of_terms), tuple(n.tables for n in of_terms))


def each(nodes: Nodes) -> list[Nodes]:
    """The nodes of several terms, apart again."""
    return [Nodes(*of_one) for of_one in zip(nodes.channels, nodes.tables, strict=True)]
