"""Sums over the pairs of a tile, as a CPU does them fast: values stored once, sums formed together.

XLA evaluates what a sum adds up anew for every sum, walks the pairs once a sum, and adds them one after the other. Here
the values that many sums read are written to memory first (`staged`), and sums over the same axis share walks that
the compiler can turn into vector instructions (`by_row`, `by_column`).
"""

import math
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive, jaxpr_as_fun
from jax.interpreters import ad, batching, mlir
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
        found += _sums.bind(*(arrays[k] for k in walk), axis=axis)
    return found


# XLA and JAX have a reduction of several operands in one loop, but JAX differentiates it as if it did not know it for a
# sum. Hence an operation of its own, whose derivative is the sum of the tangents.
_sums = Primitive("sums_in_one_walk")
_sums.multiple_results = True


@_sums.def_impl
def _in_one_walk(*arrays: Array, axis: int) -> list[Array]:
    zeros = tuple(np.zeros((), x.dtype) for x in arrays)
    return list(jax.lax.reduce(arrays, zeros, lambda a, b: tuple(x + y for x, y in zip(a, b)), (axis,)))


@_sums.def_abstract_eval
def _shapes(*arrays: Any, axis: int) -> list[Any]:
    return [x.update(shape=(*x.shape[:axis], *x.shape[axis + 1 :]), weak_type=False) for x in arrays]


def _tangents(arrays: Sequence[Array], tangents: Sequence[Any], *, axis: int) -> tuple[list[Array], list[Any]]:
    return _sums.bind(*arrays, axis=axis), [jnp.sum(ad.instantiate_zeros(t), axis) for t in tangents]


def _batched(arrays: Sequence[Array], axes: Sequence[Any], *, axis: int) -> tuple[list[Array], list[int]]:
    (size,) = {x.shape[k] for x, k in zip(arrays, axes, strict=True) if k is not None}
    first = [batching.bdim_at_front(x, k, size) for x, k in zip(arrays, axes, strict=True)]
    return _sums.bind(*first, axis=axis + 1), [0] * len(arrays)


ad.primitive_jvps[_sums] = _tangents
batching.primitive_batchers[_sums] = _batched
mlir.register_lowering(_sums, mlir.lower_fun(_in_one_walk, multiple_results=True))
