"""Sums over the pairs of a tile, as a CPU does them fast: values stored once, sums formed together.

XLA evaluates what a sum adds up anew for every sum, walks the pairs once a sum, and adds them one after the other. Here
the values that many sums read are written to memory first (`staged`), and sums over the same axis share walks that
the compiler can turn into vector instructions (`by_row`, `by_column`).
"""

import functools
import math
from collections.abc import Callable, Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import jaxpr_as_fun
from jaxtyping import Array, PyTree

from .scan_carry import scan_carry
from .tiles import AbstractTiles, Tile

LANES = 8
_TOGETHER = 9
_WORTH_LANES = 20_000


def staged(tiles: AbstractTiles, place: Tile, function: Callable[[bool], PyTree], *sources: PyTree) -> PyTree:
    """`function(all_in_order)` for the pairs of a tile, stored before anything that follows reads it.

    XLA fuses a producer into each of its readers, also across an `optimization_barrier`, but never out of a branch.

    **Arguments:** `place`: where the tile is; `function`: told whether all its rows are known to come after all its
    columns, so that it need not put frames in order; `sources`: what its results follow from, see `scan_carry`.
    """
    alike = lambda results: scan_carry(results, *sources)  # noqa: E731
    if not on_cpu():
        return function(False)
    if not tiles.full_square:
        all_in_order = place.row >= place.column + tiles.size
        return jax.lax.cond(all_in_order, lambda: alike(function(True)), lambda: alike(function(False)))
    traced, shapes = jax.make_jaxpr(function, static_argnums=0, return_shape=True)(False)
    leaves, structure = jax.tree.flatten(shapes)
    zeros = lambda: [jnp.zeros(x.shape, x.dtype) for x in leaves]  # noqa: E731
    always = place.row >= 0  # which the compiler cannot know
    stored = jax.lax.cond(always, lambda: alike(jaxpr_as_fun(traced)()), lambda: alike(zeros()))
    return jax.tree.unflatten(structure, stored)


def on_cpu() -> bool:
    return jax.default_backend() == "cpu"


def by_row(tree: PyTree[Array]) -> PyTree[Array]:
    """Σ over the columns of each array of shape (n_sector, n_row, n_column): (n_sector, n_row).

    XLA keeps the order of a sum, and a sum along memory in its order is one addition after the other. On a CPU some
    columns side by side, the lanes of its vector unit, are therefore summed separately and joined at the end.
    """
    arrays, structure = jax.tree.flatten(tree)
    shape = arrays[0].shape if arrays else (0, 0, 0)
    steps, whole = in_lanes(shape[2]) if math.prod(shape) >= _WORTH_LANES and on_cpu() else (0, 0)
    if not whole:
        return jax.tree.unflatten(structure, _together(arrays, 2))
    lanes = _together([x[..., :whole].reshape(*x.shape[:2], -1, steps, LANES) for x in arrays], 3)
    lanes = [x[:, :, 0] for x in lanes] if whole == steps * LANES else _together(lanes, 2)
    found = _together(lanes, 2)
    if whole < shape[2]:
        rest = _together([x[..., whole:] for x in arrays], 2)
        found = [x + y for x, y in zip(found, rest, strict=True)]
    return jax.tree.unflatten(structure, found)


def in_lanes(n: int) -> tuple[int, int]:
    """How many steps each lane is summed at a time, so few that the compiler unrolls them; and how many of n columns
    lie in lanes, which is all of them where n suits."""
    covered = {steps: n // (LANES * steps) * LANES * steps for steps in range(12, 2, -1)}
    steps = max(covered, key=lambda k: covered[k])
    return steps, covered[steps]


def by_column(tree: PyTree[Array]) -> PyTree[Array]:
    """Σ over the rows of each array of shape (n_sector, n_row, n_column): (n_sector, n_column).

    In blocks of a few rows, whose cache lines are still there when the next column reads them.
    """
    arrays, structure = jax.tree.flatten(tree)
    n_row = arrays[0].shape[1] if arrays else 1
    block = next(k for k in range(min(12, n_row), 0, -1) if n_row % k == 0)
    blocks = _together([x.reshape(x.shape[0], n_row // block, block, x.shape[2]) for x in arrays], 2)
    return jax.tree.unflatten(structure, _together(blocks, 1))


def _together(arrays: Sequence[Array], axis: int) -> list[Array]:
    """The sums over one axis, a few arrays a walk."""
    found: list[Array] = []
    n_walks = -(-len(arrays) // _TOGETHER)
    for walk in np.array_split(np.arange(len(arrays)), n_walks) if n_walks else []:
        found += _sums([arrays[k] for k in walk], axis)
    return found


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def _sums(arrays: list[Array], axis: int) -> list[Array]:
    """The sums over one axis, in one loop.

    JAX has this reduction, but does not know that it is a sum: its own derivative of it would be slow, hence the rule
    below.
    """
    zeros = [np.zeros((), x.dtype) for x in arrays]
    return jax.lax.reduce(arrays, zeros, _added, (axis,))


def _added(totals: list[Array], values: list[Array]) -> list[Array]:
    return [x + y for x, y in zip(totals, values, strict=True)]


@_sums.defjvp
def _sums_jvp(axis: int, primals: tuple[list[Array]], tangents: tuple[list[Array]]) -> tuple[list[Array], list[Array]]:
    (arrays,), (of_arrays,) = primals, tangents
    return _sums(arrays, axis), [jnp.sum(t, axis) for t in of_arrays]
