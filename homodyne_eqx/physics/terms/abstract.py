"""The contract of a term: one factor of g1, as values of frames and a function of two of them; terms multiply."""

import abc
from typing import ClassVar, final

import equinox as eqx
from jaxtyping import Array, Float, PyTree

from ..construction_checks import check_structure, described
from ..equation import equation
from ..geometry import Geometry, Sector
from ..kernels import AbstractKernel
from ..parameters import component
from ..quantities import AbstractWithQuantities
from .field import times


@final
class Nodes(eqx.Module):
    """The values of a term in each frame, O(n_t) in memory; after indexing, in one frame.

    - `channels`: values that the parameters change: an accumulated decay, a strain, a fraction. Arrays of shape
      `(n_t,)`.
    - `tables`: further values that the pair function reads, computed once for each frame instead of once for each pair
      (the sine and cosine of a channel). A term that fills them sends their derivative to the channel (a custom JVP); a
      table whose derivative matters is treated as a channel.
    """

    channels: PyTree[Array]
    tables: PyTree[Array] = None


class AbstractTerm(AbstractWithQuantities):
    """One factor of g1: one independent motion of the sample.

    A term is written for one sector and one pair of frames. The dense map, the streaming fit, gradients and batches
    follow from its two methods. If the phase of a motion matters (a drift against a reference), the factor is complex:
    the average of exp(i q·Δr), Δr from frame j to frame i.

    `summaries` and `curves`, which results show beside the parameters, follow from the rates in its fields.

    `steady`: True if the factor depends on the lag alone for all parameters, provided that its rates and terms do.
    Without this statement a term counts as dependent on the times of both frames.
    """

    steady: ClassVar[bool] = False

    def __check_init__(self):
        check_structure(self)

    @abc.abstractmethod
    def nodes(self, geometry: Geometry) -> Nodes:
        """The values of each frame, for one sector: `geometry.q`, `.gap`, `.phi` are scalars, `.t` is `(n_t,)`."""

    @abc.abstractmethod
    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        """The factor of g1 for one pair of frames, i not before j: a scalar, 1 at i = j, of magnitude ≤ 1."""

    def __mul__(self, other: object) -> "AbstractTerm":
        return product(self, other)

    def __rmul__(self, other: object) -> "AbstractTerm":
        raise TypeError(
            f"Cannot multiply {described(other)} by {type(self).__name__}, a term; expected a term on both sides. A "
            "factor of g2 is the contrast, ContrastOffset(contrast, offset); a factor of a rate goes to it, 2.0 * rate."
        )

    def __add__(self, other: object) -> "AbstractTerm":
        raise TypeError(
            f"Cannot add {described(other)} to {type(self).__name__}, a term. Independent motions multiply, a * b; "
            "populations add with their shares of the intensity, Populations((a, b), [share of b])."
        )

    def __radd__(self, other: object) -> "AbstractTerm":
        return self.__add__(other)

    def __str__(self) -> str:
        return equation(self)


class AbstractAmountTerm(AbstractTerm):
    """g1 = kernel(x_i − x_j): one amount x accumulates from frame to frame. State `amount` and `kernel`."""

    kernel: eqx.AbstractVar[AbstractKernel]

    @abc.abstractmethod
    def amount(self, geometry: Geometry) -> Float[Array, " n_t"]:
        """The amount accumulated at each frame, for one sector, dimensionless, from any origin."""

    def nodes(self, geometry: Geometry) -> Nodes:
        x = self.amount(geometry)
        return Nodes(x, self.kernel.tables(x))

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        return self.kernel.pair(node_i.channels, node_j.channels, node_i.tables, node_j.tables)


@final
class Product(AbstractTerm):
    """g1 = Π_k terms[k]: independent motions of the same scatterers. `a * b * c` builds it, flat.

    - `terms`: one or more terms.

    Limits: the product of one term is that term. Derivation: the displacement is a sum of independent displacements, so
    the average of exp(i q·Δr) is the product of their averages.
    """

    steady: ClassVar[bool] = True

    terms: tuple[AbstractTerm, ...] = component(converter=tuple)

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
