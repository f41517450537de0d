"""Sums over the pairs of a tile, as a CPU does them fast: values stored once, sums formed together.

XLA evaluates what a sum adds up anew for every sum, and walks the pairs once a sum. Here the values that many sums
read are written to memory first (`staged`), and sums over the same axis share one walk (`summed`).
"""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import Primitive, jaxpr_as_fun
from jax.interpreters import ad, batching, mlir
from jaxtyping import Array, PyTree

from .tiles import AbstractTiles, Tile
from .varying import varying_like

_TOGETHER = 16
_ROWS_IN_CACHE = 16


def staged(tiles: AbstractTiles, place: Tile, function: Callable[[bool], PyTree], *sources: PyTree) -> PyTree:
    """`function(apart)` for the pairs of a tile, stored before anything that follows reads it.

    XLA fuses a producer into each of its readers, also across an `optimization_barrier`, but never out of a branch.

    **Arguments:** `place`: where the tile is; `function`: told whether all its rows are known to come after all its
    columns, so that it need not put frames in order; `sources`: what its results follow from, see `varying_like`.
    """
    alike = lambda results: varying_like(results, *sources)  # noqa: E731
    if jax.default_backend() != "cpu":
        return function(False)
    if not tiles.both:
        apart = place.row >= place.column + tiles.size
        return jax.lax.cond(apart, lambda: alike(function(True)), lambda: alike(function(False)))
    traced, shapes = jax.make_jaxpr(function, static_argnums=0, return_shape=True)(False)
    leaves, structure = jax.tree.flatten(shapes)
    zeros = lambda: [jnp.zeros(x.shape, x.dtype) for x in leaves]  # noqa: E731
    always = place.row >= 0  # which the compiler cannot know
    stored = jax.lax.cond(always, lambda: alike(jaxpr_as_fun(traced)()), lambda: alike(zeros()))
    return jax.tree.unflatten(structure, stored)


def by_row(tree: PyTree[Array]) -> PyTree[Array]:
    """Σ over the columns of each array of shape (n_sector, n_row, n_column): (n_sector, n_row)."""
    arrays, structure = jax.tree.flatten(tree)
    return jax.tree.unflatten(structure, _together(arrays, 2))


def by_column(tree: PyTree[Array]) -> PyTree[Array]:
    """Σ over the rows of each array of shape (n_sector, n_row, n_column): (n_sector, n_column).

    In blocks of a few rows, whose cache lines are still there when the next column reads them.
    """
    arrays, structure = jax.tree.flatten(tree)
    n_row = arrays[0].shape[1] if arrays else 1
    block = next(n for n in range(min(_ROWS_IN_CACHE, n_row), 0, -1) if n_row % n == 0)
    cut = [x.reshape(x.shape[0], n_row // block, block, x.shape[2]) for x in arrays]
    return jax.tree.unflatten(structure, [jnp.sum(x, 1) for x in _together(cut, 2)])


def _together(arrays: Sequence[Array], axis: int) -> list[Array]:
    """The sums over one axis, a few arrays a walk."""
    found: list[Array] = []
    for k in range(0, len(arrays), _TOGETHER):
        found += _sums.bind(*arrays[k : k + _TOGETHER], axis=axis)
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
