"""Sums over the pairs of a tile, in a form that is fast on a CPU: values are stored once, many sums share one loop.

Left to itself, XLA evaluates the summands again for every sum, makes one loop over the pairs for each sum, and adds the
pairs one after the other. Here the values that many sums read are written to memory first (`staged`), and sums over
the same axis share loops that the compiler can turn into vector instructions (`by_row`, `by_column`).
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
_MOST_IN_ONE_LOOP = 9
_WORTH_LANES = 20_000


def staged(tiles: AbstractTiles, place: Tile, function: Callable[[bool], PyTree], *sources: PyTree) -> PyTree:
    """`function(all_in_order)` for the pairs of a tile, written to memory before anything reads it.

    XLA fuses a producer into each of its readers, even across an `optimization_barrier`, but never out of a branch of
    `cond`: hence the branches here.

    **Arguments:** `place`: where the tile is; `function`: its argument says whether all rows of the tile are known to
    come after all its columns, so that it need not put frames in order; `sources`: what its results are computed from,
    see `scan_carry`.
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
    always_true = place.row >= 0  # the compiler cannot know that it is
    stored = jax.lax.cond(always_true, lambda: alike(jaxpr_as_fun(traced)()), lambda: alike(zeros()))
    return jax.tree.unflatten(structure, stored)


def on_cpu() -> bool:
    return jax.default_backend() == "cpu"


def by_row(tree: PyTree[Array]) -> PyTree[Array]:
    """Σ over the columns of each array of shape (n_sector, n_row, n_column): (n_sector, n_row).

    XLA keeps the order of a sum, so a sum along the axis that is contiguous in memory is one addition after the other.
    On a CPU, columns are therefore summed in `LANES` separate sums, one for each lane of its vector unit, which are
    added at the end.
    """
    arrays, structure = jax.tree.flatten(tree)
    shape = arrays[0].shape if arrays else (0, 0, 0)
    steps, covered = in_lanes(shape[2]) if math.prod(shape) >= _WORTH_LANES and on_cpu() else (0, 0)
    if not covered:
        return jax.tree.unflatten(structure, _sums_of_many(arrays, 2))
    lanes = _sums_of_many([x[..., :covered].reshape(*x.shape[:2], -1, steps, LANES) for x in arrays], 3)
    lanes = [x[:, :, 0] for x in lanes] if covered == steps * LANES else _sums_of_many(lanes, 2)
    totals = _sums_of_many(lanes, 2)
    if covered < shape[2]:
        rest = _sums_of_many([x[..., covered:] for x in arrays], 2)
        totals = [x + y for x, y in zip(totals, rest, strict=True)]
    return jax.tree.unflatten(structure, totals)


def in_lanes(n: int) -> tuple[int, int]:
    """The division of `n` columns among the lanes.

    **Returns:** how many additions of each lane form one inner loop, few enough for the compiler to unroll it; and how
    many of the columns such loops cover, in the best case all `n`.
    """
    covered = {steps: n // (LANES * steps) * LANES * steps for steps in range(12, 2, -1)}
    steps = max(covered, key=lambda k: covered[k])
    return steps, covered[steps]


def by_column(tree: PyTree[Array]) -> PyTree[Array]:
    """Σ over the rows of each array of shape (n_sector, n_row, n_column): (n_sector, n_column).

    A few rows at a time, whose cache lines are still loaded when the next column reads them.
    """
    arrays, structure = jax.tree.flatten(tree)
    n_row = arrays[0].shape[1] if arrays else 1
    block = next(k for k in range(min(12, n_row), 0, -1) if n_row % k == 0)
    blocks = _sums_of_many([x.reshape(x.shape[0], n_row // block, block, x.shape[2]) for x in arrays], 2)
    return jax.tree.unflatten(structure, _sums_of_many(blocks, 1))


def _sums_of_many(arrays: Sequence[Array], axis: int) -> list[Array]:
    """The sums over one axis, those of at most `_MOST_IN_ONE_LOOP` arrays in one loop."""
    totals: list[Array] = []
    n_loops = -(-len(arrays) // _MOST_IN_ONE_LOOP)
    for loop in np.array_split(np.arange(len(arrays)), n_loops) if n_loops else []:
        totals += _sums([arrays[k] for k in loop], axis)
    return totals


@functools.partial(jax.custom_jvp, nondiff_argnums=(1,))
def _sums(arrays: list[Array], axis: int) -> list[Array]:
    """The sums over one axis, all in one loop.

    JAX does not know that this reduction is a sum and would differentiate it slowly, hence the rule below.
    """
    zeros = [np.zeros((), x.dtype) for x in arrays]
    return jax.lax.reduce(arrays, zeros, _added, (axis,))


def _added(totals: list[Array], values: list[Array]) -> list[Array]:
    return [x + y for x, y in zip(totals, values, strict=True)]


@_sums.defjvp
def _sums_jvp(axis: int, primals: tuple[list[Array]], tangents: tuple[list[Array]]) -> tuple[list[Array], list[Array]]:
    (arrays,), (of_arrays,) = primals, tangents
    return _sums(arrays, axis), [jnp.sum(t, axis) for t in of_arrays]
