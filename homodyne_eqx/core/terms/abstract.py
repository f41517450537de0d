"""The contract of a term: one factor of g1, as values of frames and a function of two of them."""

import abc

import equinox as eqx
from jaxtyping import Array, PyTree

from ..geometry import Geometry, Sector


class Nodes(eqx.Module):
    """What a term says of each frame, O(n_t); after indexing, of one frame.

    - `channels`: what the parameters move: an accumulated decay, a strain, a fraction. Arrays of shape `(n_t,)`.
    - `tables`: what else the pair function reads of a frame, computed once a frame instead of once a pair (the sine
      and cosine of a channel). Whoever fills them sends their derivative to the channel (a custom JVP); a table whose
      derivative matters is treated as a channel.
    """

    channels: PyTree[Array]
    tables: PyTree[Array] = None


class AbstractTerm(eqx.Module):
    """One factor of g1: one independent way in which the sample moves.

    A term is written for one sector and one pair of frames. From its two methods follow the dense map, the streaming fit,
    gradients and batches.
    """

    @abc.abstractmethod
    def nodes(self, geometry: Geometry) -> Nodes:
        """The values of each frame, for one sector: `geometry.q`, `.gap`, `.phi` are scalars, `geometry.t` is `(n_t,)`."""

    @abc.abstractmethod
    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array:
        """The factor of g1 for one pair of frames, frame i not before frame j: a scalar, 1 at i = j, of magnitude ≤ 1."""

    def __mul__(self, other: "AbstractTerm") -> "AbstractTerm":
        from .product import product

        return product(self, other)
