"""Terms that are fixed, and terms whose parameters are tied to one another."""

from collections.abc import Callable
from typing import Any, ClassVar, final

import equinox as eqx
from jaxtyping import Array

from ..construction_checks import expect
from ..geometry import Geometry, Sector
from ..parameters import component, stop_gradient
from .abstract import AbstractTerm, Nodes


@final
class Frozen(AbstractTerm):
    """g1 = term: with its parameters fixed. No derivative reaches them, and no fit moves them.

    - `term`: the motion that is known from elsewhere.

    Limits: its value is that of the term. Derivation: an identity.

    **Raises:** `TypeError` for what is not a term.
    """

    steady: ClassVar[bool] = True

    term: AbstractTerm = component(free=False)

    def nodes(self, geometry: Geometry) -> Nodes:
        return stop_gradient(self.term).nodes(geometry)

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        return stop_gradient(self.term).pair(node_i, node_j, sector)


@final
class Shared(AbstractTerm):
    """g1 = tied: a term with parameters that are one and the same in several places, such as the shear rate of
    two factors.

    **Arguments:**

    - `term`: the term, often a product or populations.
    - `where`: selects the dependent parameters of the term; `get`: selects the parameters whose value they take (and
      may transform it). The parameters at `where` vanish from the tree: they are neither fitted nor listed; `print`
      shows them as tied.

    `Shared(shear * non_affine, where=lambda g: g.terms[1].rate, get=lambda g: g.terms[0].rate)`

    `tie` ties parameters of a whole model by name. To load the result of a fit with `Shared`, pass the model as well.

    Limits: its value is that of the term with those parameters inserted. Derivation: an identity; a derivative is the
    sum of the derivatives in all places.

    **Raises:** `ValueError` if the two do not have the same structure and shapes; `TypeError` for what is not a
    term.
    """

    steady: ClassVar[bool] = True

    tied: eqx.nn.Shared = component("")

    def __init__(self, term: AbstractTerm, where: Callable[[Any], Any], get: Callable[[Any], Any]):
        expect(AbstractTerm, self, "term", term)
        self.tied = eqx.nn.Shared(term, where, get)

    def nodes(self, geometry: Geometry) -> Nodes:
        return self.tied().nodes(geometry)

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        return self.tied().pair(node_i, node_j, sector)
