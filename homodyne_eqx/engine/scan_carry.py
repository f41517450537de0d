"""Sums over a scan inside `jax.shard_map`."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PyTree


def scan_carry(start: PyTree, *sources: PyTree) -> PyTree:
    """`start`, as the first carry of a scan that adds to it what follows from `sources`.

    Inside `shard_map` a carry must be known to differ between devices wherever what is added to it does. To `start` is
    added one element of each source that a constant choice puts to 0; XLA removes it.
    """
    arrays = [x for x in jax.tree.leaves(eqx.filter(sources, eqx.is_inexact_array)) if x.size]
    firsts = [x[(0,) * x.ndim] for x in arrays]

    def marked(total):
        nothing = [jnp.where(False, x, 0).astype(total.dtype) for x in firsts]
        return sum(nothing, total)

    return jax.tree.map(marked, start)
