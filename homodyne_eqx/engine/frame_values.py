"""A model evaluated for each frame, from which the values of any pairs of frames and their derivatives follow."""

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple, final

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, PyTree

from ..physics.dense_map import PairFunction, nodes_at
from ..physics.dependence import influences, tangent_dependence
from ..physics.geometry import Geometry, Sector
from ..physics.per_sector import at_sector, marked_per_sector
from .scan_carry import scan_carry

_FORWARD_AT_MOST = 6


class Channel(NamedTuple):
    """An array leaf of the nodes that carries a derivative.

    - `leaf`: its position among the leaves;
    - `difference`: whether the pair function reads it only as value_i − value_j.
    """

    leaf: int
    difference: bool


class PairDependence(NamedTuple):
    """The inputs on which the pair function depends: static, a part of the compiled program.

    - `common`: for each node leaf, whether it is the same in all sectors;
    - `channels`: the node leaves that carry a derivative;
    - `direct`: positions of the model's array leaves that the pair function itself reads (an exponent, a weight);
    - `per_sector`: for each of these, whether it is a `PerSector`;
    - `of_sector`: positions of the sector's array leaves that it reads.
    """

    common: tuple[bool, ...]
    channels: tuple[Channel, ...]
    direct: tuple[int, ...]
    per_sector: tuple[bool, ...]
    of_sector: tuple[int, ...]


class Slopes(NamedTuple):
    """The derivatives of M for a block of pairs, with leading axes (n_sector, n_row, n_column).

    - `later`, `earlier`: by each channel in frame i, and in frame j (without the channels that are differences);
    - `direct`, `of_sector`: by each of these leaves, in the order of `PairDependence`.
    """

    later: tuple[Array, ...]
    earlier: tuple[Array, ...]
    direct: tuple[Array, ...]
    of_sector: tuple[Array, ...]


class Block(NamedTuple):
    """The pairs of some frames, the rows, with some others, the columns.

    - `rows`, `columns`: the node leaves of those frames, as from `Evaluation.frames`;
    - `in_order`: for each pair, whether the row is not before the column; `all_in_order`: whether this is known to be
      true of all pairs;
    - `full_square`: whether pairs out of order count too, with their frames exchanged. If not, they are evaluated as
      the row with itself, which is finite for any term, and whoever sums must leave them out.
    """

    rows: tuple[Array, ...]
    columns: tuple[Array, ...]
    in_order: Bool[Array, "n_row n_column"]
    full_square: bool
    all_in_order: bool = False


@final
class Evaluation(eqx.Module):
    """The O(n_t) part of a model at a geometry, from which any block of pairs follows.

    - `leaves`: the node values, shape (n_sector, n_t, …), or (n_t, …) for those common to all sectors;
    - `direct`: the parameters that the pair function reads, with a leading axis n_sector where they are `PerSector`;
      `sectors`: likewise, one entry for each sector, or scalars;
    - `structure`: what the pair function depends on.
    """

    leaves: tuple[Array, ...]
    direct: tuple[Array, ...]
    of_sector: tuple[Array, ...]
    function: PyTree
    sectors: Sector
    structure: PairDependence = eqx.field(static=True)
    nodes_tree: Any = eqx.field(static=True)
    n_sector: int = eqx.field(static=True)
    n_t: int = eqx.field(static=True)

    def frames(self, start: Array, size: int) -> tuple[Array, ...]:
        """The node leaves of `size` frames from `start`."""
        axis = lambda common: 0 if common else 1  # noqa: E731
        return tuple(
            jax.lax.dynamic_slice_in_dim(leaf, start, size, axis(common))
            for leaf, common in zip(self.leaves, self.structure.common, strict=True)
        )

    def values(self, block: Block) -> Array:
        """M = (g2 − offset)/contrast for a block of pairs, (n_sector, n_row, n_column)."""
        return self._over(self._pair, block)

    def values_and_slopes(self, block: Block) -> tuple[Array, Slopes]:
        """M and its `Slopes` for a block of pairs."""
        return self._over(self._pair_and_slopes, block)

    def _over(self, one: Callable, block: Block) -> Any:
        def ordered(row, column, keep, direct, of_sector, sectors):
            later, earlier = row, column
            if not block.all_in_order:
                later = (
                    tuple(jnp.where(keep, a, b) for a, b in zip(row, column, strict=True)) if block.full_square else row
                )
                earlier = tuple(jnp.where(keep, b, a) for a, b in zip(row, column, strict=True))
            return one(later, earlier, direct, of_sector, sectors)

        by_column = jax.vmap(ordered, (None, 0, 0, None, None, None))
        by_row = jax.vmap(by_column, (0, None, 0, None, None, None))
        in_nodes = tuple(None if common else 0 for common in self.structure.common)
        in_direct = tuple(0 if per_sector else None for per_sector in self.structure.per_sector)
        in_leaf = tuple(0 if leaf.ndim else None for leaf in self.of_sector)
        in_sector = jax.tree.map(lambda x: 0 if x.ndim else None, self.sectors)
        by_sector = jax.vmap(by_row, (in_nodes, in_nodes, None, in_direct, in_leaf, in_sector))
        return by_sector(block.rows, block.columns, block.in_order, self.direct, self.of_sector, self.sectors)

    def _pair(self, later: tuple, earlier: tuple, direct: tuple, of_sector: tuple, sectors: Sector) -> Array:
        parameters, rest = eqx.partition(at_sector(self.function, sectors.index), eqx.is_inexact_array)
        function = eqx.combine(_replaced(parameters, self.structure.direct, direct), rest)
        sector = _replaced(sectors, self.structure.of_sector, of_sector)
        node = lambda leaves: jax.tree.unflatten(self.nodes_tree, leaves)  # noqa: E731
        return function.pair(node(later), node(earlier), sector)

    def _pair_and_slopes(self, later: tuple, earlier: tuple, direct: tuple, of_sector: tuple, sectors: Sector):
        channels = self.structure.channels
        of_later = tuple(s.leaf for s in channels)
        of_earlier = tuple(s.leaf for s in channels if not s.difference)

        def value(moving: Slopes) -> Array:
            return self._pair(
                _replaced(later, of_later, moving.later),
                _replaced(earlier, of_earlier, moving.earlier),
                moving.direct,
                moving.of_sector,
                sectors,
            )

        pick = lambda leaves, positions: tuple(leaves[k] for k in positions)  # noqa: E731
        return _value_and_gradient(value, Slopes(pick(later, of_later), pick(earlier, of_earlier), direct, of_sector))


def evaluate(function: PairFunction, geometry: Geometry, common: tuple[str, ...] = ()) -> Evaluation:
    """The frame values of a model at a geometry, and what its pair function depends on.

    **Arguments:** `common` names the fields of the geometry (of "q", "gap", "phi") that are known to be the same in
    all sectors; what depends on them alone is then computed once for all sectors.
    """
    sectors = geometry.sectors
    for name in common:
        if getattr(sectors, name) is not None:
            sectors = eqx.tree_at(lambda s, name=name: getattr(s, name), sectors, getattr(sectors, name)[0])
    axes = jax.tree.map(lambda x: 0 if x.ndim else None, sectors)
    first = jax.tree.map(lambda x: x[0] if x.ndim else x, sectors)

    def nodes(sector: Sector):
        return nodes_at(function, geometry, sector)

    alone = nodes(first)
    stacked = jax.vmap(nodes, (axes,))(sectors)
    varying = {k for k, axis in enumerate(jax.tree.leaves(sectors)) if axis.ndim}
    is_common = tuple(not (found & varying) for found in influences(nodes, first))
    leaves_alone, nodes_tree = jax.tree.flatten(alone)
    leaves = tuple(
        a if same else s for a, s, same in zip(leaves_alone, jax.tree.leaves(stacked), is_common, strict=True)
    )
    structure = _structure(function, leaves_alone, nodes_tree, first, is_common)
    parameters = jax.tree.leaves(eqx.filter(at_sector(function, sectors.index), eqx.is_inexact_array))
    sector_leaves = jax.tree.leaves(sectors)
    return Evaluation(
        leaves=leaves,
        direct=tuple(parameters[k] for k in structure.direct),
        of_sector=tuple(sector_leaves[k] for k in structure.of_sector),
        function=jax.tree.map(lambda x: jax.lax.stop_gradient(x) if eqx.is_inexact_array(x) else x, function),
        sectors=jax.lax.stop_gradient(sectors),
        structure=structure,
        nodes_tree=nodes_tree,
        n_sector=geometry.n_sector,
        n_t=geometry.n_t,
    )


def _value_and_gradient(value: Callable[[Slopes], Array], moving: Slopes) -> tuple[Array, Slopes]:
    """A scalar and its derivatives: in forward mode if they are few, for which XLA needs about half as many loops, else
    in reverse mode."""
    leaves, tree = jax.tree.flatten(moving)
    if sum(leaf.size for leaf in leaves) > _FORWARD_AT_MOST:
        return jax.value_and_grad(value)(moving)

    def derivative(k: int) -> Array:
        def of_leaf(x: Array) -> Array:
            return value(jax.tree.unflatten(tree, [*leaves[:k], x, *leaves[k + 1 :]]))

        basis = np.eye(leaves[k].size, dtype=leaves[k].dtype).reshape(-1, *leaves[k].shape)
        along = [jax.jvp(of_leaf, (leaves[k],), (scan_carry(jnp.asarray(e), leaves[k]),))[1] for e in basis]
        return jnp.stack(along).reshape(leaves[k].shape) if leaves[k].ndim else along[0]

    return value(moving), jax.tree.unflatten(tree, [derivative(k) for k in range(len(leaves))])


def _structure(function, leaves: list[Array], nodes_tree, sector: Sector, common: tuple[bool, ...]) -> PairDependence:
    """The index of the sector, an integer, is the last of its leaves and none that a derivative goes to."""
    per_sector = marked_per_sector(function)
    moving, rest = eqx.partition(at_sector(function, sector.index), eqx.is_inexact_array)
    of_sector, numbers = eqx.partition(sector, eqx.is_inexact_array)
    n, (parameters, parameters_tree), (of_sector, sector_tree) = (
        len(leaves),
        jax.tree.flatten(moving),
        jax.tree.flatten(of_sector),
    )

    def pair(*arguments):
        cut = [0, n, 2 * n, 2 * n + len(parameters), len(arguments)]
        later, earlier, ours, theirs = (arguments[a:b] for a, b in itertools.pairwise(cut))
        node = lambda values: jax.tree.unflatten(nodes_tree, values)  # noqa: E731
        model = eqx.combine(jax.tree.unflatten(parameters_tree, ours), rest)
        return model.pair(node(later), node(earlier), eqx.combine(jax.tree.unflatten(sector_tree, theirs), numbers))

    frame = [jax.ShapeDtypeStruct(x.shape[1:], x.dtype) for x in leaves]
    other = [jax.ShapeDtypeStruct(x.shape, x.dtype) for x in (*parameters, *of_sector)]
    reached, differences = tangent_dependence(pair, n, (*frame, *frame, *other))
    direct = tuple(k for k in range(len(parameters)) if 2 * n + k in reached)
    return PairDependence(
        common=common,
        channels=tuple(Channel(k, k in differences) for k in range(n) if k in reached),
        direct=direct,
        per_sector=tuple(per_sector[k] for k in direct),
        of_sector=tuple(k for k in range(len(of_sector)) if 2 * n + len(parameters) + k in reached),
    )


def _replaced(tree: PyTree, positions: tuple[int, ...], values: tuple[Array, ...]) -> PyTree:
    leaves, treedef = jax.tree.flatten(tree)
    for k, value in zip(positions, values, strict=True):
        leaves[k] = value
    return jax.tree.unflatten(treedef, leaves)
