"""Packed maps of several data sets of one shape as one, with a leading axis."""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array

from ..engine import Packed


def check_alike(packed: Sequence[Packed], numbers: Sequence[int]) -> None:
    """Refuse maps that lie in files, and maps of different shapes. `numbers`: of the data sets, for the message.

    **Raises:** `ValueError`.
    """
    if any(each.is_stored for each in packed):
        raise ValueError(
            "Data sets are larger than the memory that they may have, and lie in files. Fit them one by one (fit), or "
            "give them more memory: hx.pack(data, memory=…)."
        )
    first = _shape_of(packed[0])
    for k, each in zip(numbers, packed, strict=True):
        if not _same_shape(_shape_of(each), first):
            frames, sectors = each.geometry.n_t, each.geometry.n_sector
            own = packed[0].geometry
            raise ValueError(
                f"Data set {k} has {sectors} sectors of {frames} frames, data set {numbers[0]} {own.n_sector} of "
                f"{own.n_t}; or their weights, or which sectors are equal in q, differ in kind. Fit those of one shape "
                "together, or each by itself (fit)."
            )


def stacked(packed: Sequence[Packed]) -> tuple[Packed, Any]:
    """All as one, with a leading axis for what differs, and which leaves have that axis: 0, else `None`."""
    differ = jax.tree.map(_differ, *packed)
    differ = eqx.tree_at(lambda p: (p.values, p.counts), differ, (True, True))
    together = jax.tree.map(lambda apart, *x: _stack(x) if apart else x[0], differ, *packed)
    return together, jax.tree.map(lambda apart: 0 if apart else None, differ)


def one_by_one(function: Callable[..., Any], packed: Packed, axes: Any, *others: Array) -> Any:
    """The function of every data set, in a loop within the compiled program: on a CPU a batch of small maps takes
    several times as long as one after the other, which stays in its cache."""
    apart = jax.tree.map(lambda x, axis: x if axis == 0 else None, packed, axes)
    common = jax.tree.map(lambda x, axis: None if axis == 0 else x, packed, axes)
    return jax.lax.map(lambda given: function(eqx.combine(given[0], common), *given[1:]), (apart, *others))


def _differ(first: Array, *others: Array) -> bool:
    return any(first is not x and not np.array_equal(first, x, equal_nan=True) for x in others)


@jax.jit
def _stack(arrays: tuple[Array, ...]) -> Array:
    return jnp.stack(arrays)


def _shape_of(packed: Packed) -> tuple[Any, ...]:
    leaves, tree = jax.tree.flatten(packed)
    return tree, [(x.shape, x.dtype) for x in leaves], np.asarray(packed.sectors), np.asarray(packed.starts)


def _same_shape(one: tuple[Any, ...], other: tuple[Any, ...]) -> bool:
    return one[:2] == other[:2] and all(np.array_equal(a, b) for a, b in zip(one[2:], other[2:], strict=True))
