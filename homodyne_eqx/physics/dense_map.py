"""The dense two-time map of anything that states nodes and a pair function."""

from collections.abc import Callable
from typing import Protocol, runtime_checkable

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Inexact, Int

from .dependence import influences
from .geometry import Geometry, Sector
from .per_sector import at_sector, check_sectors
from .terms import Nodes

_PAIRS_AT_ONCE = 2**25


@runtime_checkable
class PairFunction(Protocol):
    """A term, or a model: values of frames, and a function of two of them."""

    def nodes(self, geometry: Geometry) -> Nodes: ...

    def pair(self, node_i: Nodes, node_j: Nodes, sector: Sector) -> Array: ...


def sector_nodes(function: PairFunction, geometry: Geometry) -> Nodes:
    """The nodes for every sector: each array gets a leading axis `n_sector`."""
    return jax.vmap(lambda sector: nodes_at(function, geometry, sector))(geometry.sectors)


def nodes_at(function: PairFunction, geometry: Geometry, sector: Sector) -> Nodes:
    """The nodes for one of the sectors of a geometry, with the value of each `PerSector` there.

    **Raises:** `ValueError` where a `PerSector` has another number of values than the geometry has sectors.
    """
    check_sectors(function, geometry)
    return at_sector(function, sector.index).nodes(geometry.with_sectors(sector))


def pair_block(
    function: PairFunction, rows: Nodes, columns: Nodes, in_order: Bool[Array, "n_row n_column"], sector: Sector
) -> Inexact[Array, "n_row n_column"]:
    """The function of every row frame with every column frame, for one sector.

    Where `in_order` is false (the row frame comes before the column frame), the two frames change places.
    """
    function = at_sector(function, sector.index)

    def one(row: Nodes, column: Nodes, keep: Array) -> Array:
        later = jax.tree.map(lambda a, b: jnp.where(keep, a, b), row, column)
        earlier = jax.tree.map(lambda a, b: jnp.where(keep, b, a), row, column)
        return function.pair(later, earlier, sector)

    return jax.vmap(jax.vmap(one, (None, 0, 0)), (0, None, 0))(rows, columns, in_order)


def two_time_map(
    function: PairFunction, geometry: Geometry, common: tuple[str, ...] = ()
) -> Float[Array, "n_sector n_t n_t"]:
    """The function of every pair of frames in every sector.

    **Arguments:** `common` names the fields of the geometry (of "q", "gap", "phi") that are known to be the same in
    all sectors; what depends on them alone is then computed once for all sectors.
    """
    fields = {name: x for name in ("q", "gap", "phi") if (x := getattr(geometry, name)) is not None}
    shared = {name: x[0] for name, x in fields.items() if name in common}
    own = {name: x for name, x in fields.items() if name not in common}

    if own or reads_of_sector(function, geometry, "index"):
        own["index"] = geometry.index
    else:
        shared["index"] = geometry.index[0]

    def sector(one: dict[str, Array]) -> Sector:
        return Sector(**{"gap": None, "phi": None, **shared, **one})

    def nodes(one: dict[str, Array]) -> Nodes:
        return nodes_at(function, geometry, sector(one))

    frame = jnp.arange(geometry.n_t)
    in_order = frame[:, None] >= frame[None, :]
    if not own:
        alone = nodes({})
        one_map = pair_block(function, alone, alone, in_order, sector({}))
        return jnp.broadcast_to(one_map, (geometry.n_sector, *one_map.shape))

    values = _frame_by_frame(nodes, own)
    depends = [bool(found) for found in influences(nodes, jax.tree.map(lambda x: x[0], own))]
    varying, alike = eqx.partition(values, jax.tree.unflatten(jax.tree.structure(values), depends))
    alike = jax.tree.map(lambda x: x[0], alike)

    def one_sector(node_and_own: tuple[Nodes, dict[str, Array]]) -> Array:
        node = eqx.combine(node_and_own[0], alike)
        return pair_block(function, node, node, in_order, sector(node_and_own[1]))

    at_once = _PAIRS_AT_ONCE // geometry.n_t**2
    if at_once >= geometry.n_sector:
        return jax.vmap(one_sector)((varying, own))
    return jax.lax.map(one_sector, (varying, own), batch_size=max(at_once, 1))


def reads_of_sector(function: PairFunction, geometry: Geometry, name: str) -> bool:
    """Whether the function depends on one of the fields "q", "gap", "phi" and "index" of a sector, all else alike."""
    sectors = jax.tree.map(lambda x: x[0], geometry.sectors)

    def pair(value: Array) -> Array:
        sector = eqx.tree_at(lambda s: getattr(s, name), sectors, value)
        frame = jax.tree.map(lambda x: x[0], nodes_at(function, geometry, sector))
        return at_sector(function, sector.index).pair(frame, frame, sector)

    return bool(influences(pair, getattr(sectors, name))[0])


def _frame_by_frame(nodes: Callable[[dict[str, Array]], Nodes], sectors: dict[str, Array]) -> Nodes:
    """The nodes of every sector, with a leading axis `n_sector`, from a loop.

    XLA fuses what it can into the program that reads it, and would evaluate the sine of a frame once for each pair
    that the frame is in. It does not fuse across a loop, unless the loop has a single step: hence two for one sector.
    """
    n_sector = jax.tree.leaves(sectors)[0].shape[0]
    if n_sector > 1:
        return jax.lax.map(nodes, sectors)
    twice = jax.tree.map(lambda x: jnp.concatenate([x, x]), sectors)
    return jax.tree.map(lambda x: x[:1], jax.lax.map(nodes, twice))


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
        at = jax.tree.map(lambda x: x[s], sectors)
        return at_sector(function, at.index).pair(here(a), here(b), at)

    values = jax.vmap(one)(later.ravel(), earlier.ravel(), sector.ravel())
    return values.reshape(later.shape)
