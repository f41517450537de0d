"""Terms held fixed, and terms whose parameters are tied to one another."""

from collections.abc import Callable
from typing import Any, final

import equinox as eqx
from jaxtyping import Array

from ..geometry import Geometry, Sector
from ..parameters import expect, part
from ..rates.composed import held
from .abstract import AbstractTerm, Nodes


@final
class Frozen(AbstractTerm):
    """g1 = term, held: no derivative reaches its parameters, and no fit moves them."""

    term: AbstractTerm = part(free=False)

    def __check_init__(self):
        expect(AbstractTerm, self, "term", self.term)

    def nodes(self, geometry: Geometry) -> Nodes:
        return held(self.term).nodes(geometry)

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        return held(self.term).pair(node_i, node_j, sector)


@final
class Shared(AbstractTerm):
    """g1 = term, with parameters that are one and the same in several places: the shear rate of two factors, say.

    **Arguments:**

    - `term`: the term, often a product or populations.
    - `where`: picks what follows out of the term; `get`: picks what it follows (and may transform it). The parameters
      at `where` vanish from the tree: they are neither fitted nor listed.

    `Shared(shear * non_affine, where=lambda g: g.terms[1].rate, get=lambda g: g.terms[0].rate)`

    **Raises:** `ValueError` if the two do not have the same structure and shapes; `TypeError` for what is not a term.
    """

    tied: eqx.nn.Shared = part("")

    def __init__(self, term: AbstractTerm, where: Callable[[Any], Any], get: Callable[[Any], Any]):
        expect(AbstractTerm, self, "term", term)
        self.tied = eqx.nn.Shared(term, where, get)

    def nodes(self, geometry: Geometry) -> Nodes:
        return self.tied().nodes(geometry)

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        return self.tied().pair(node_i, node_j, sector)
