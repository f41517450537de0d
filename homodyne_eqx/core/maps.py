"""The dense two-time map of anything that states nodes and a pair function."""

from typing import Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from .geometry import Geometry, Sector
from .terms import Nodes


@runtime_checkable
class PairFunction(Protocol):
    """A term, or a model: values of frames, and a function of two of them."""

    def nodes(self, geometry: Geometry) -> Nodes: ...

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array: ...


def sector_nodes(function: PairFunction, geometry: Geometry) -> Nodes:
    """The nodes for every sector: each array gets a leading axis `n_sector`."""
    return jax.vmap(lambda sector: function.nodes(geometry.with_sectors(sector)))(geometry.sectors)


def pair_block(
    function: PairFunction, rows: Nodes, columns: Nodes, in_order: Bool[Array, "n_row n_column"], sector: Sector
) -> Float[Array, "n_row n_column"]:
    """Every row frame with every column frame, for one sector; where not `in_order` (row before column) the two change places."""

    def one(row: Nodes, column: Nodes, keep: Array) -> Array:
        later = jax.tree.map(lambda a, b: jnp.where(keep, a, b), row, column)
        earlier = jax.tree.map(lambda a, b: jnp.where(keep, b, a), row, column)
        return function.pair(later, earlier, sector)

    return jax.vmap(jax.vmap(one, (None, 0, 0)), (0, None, 0))(rows, columns, in_order)


def two_time_map(function: PairFunction, geometry: Geometry) -> Float[Array, "n_sector n_t n_t"]:
    """The function of every pair of frames in every sector.

    Sector after sector in a loop, with the nodes as its operands: XLA would otherwise evaluate the sines of the nodes
    once a pair.
    """
    frame = jnp.arange(geometry.n_t)
    in_order = frame[:, None] >= frame[None, :]

    def one_sector(nodes_and_sector: tuple[Nodes, Sector]) -> Array:
        nodes, sector = nodes_and_sector
        return pair_block(function, nodes, nodes, in_order, sector)

    return jax.lax.map(one_sector, (sector_nodes(function, geometry), geometry.sectors))


def scattered_pairs(
    function: PairFunction,
    geometry: Geometry,
    i: Int[Array, "*shape"],
    j: Int[Array, "*shape"],
    sector: Int[Array, "*shape"],
) -> Float[Array, "*shape"]:
    """The function of the pairs (i, j) in the given sectors, in either order of the frames."""
    nodes, sectors = sector_nodes(function, geometry), geometry.sectors
    later, earlier = jnp.maximum(i, j), jnp.minimum(i, j)

    def one(a: Array, b: Array, s: Array) -> Array:
        here = lambda frame: jax.tree.map(lambda x: x[s, frame], nodes)  # noqa: E731
        return function.pair(here(a), here(b), jax.tree.map(lambda x: x[s], sectors))

    values = jax.vmap(one)(later.ravel(), earlier.ravel(), sector.ravel())
    return values.reshape(later.shape)
