"""The initial sums of a scan inside `jax.shard_map`."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import PyTree


def scan_carry(start: PyTree, *sources: PyTree) -> PyTree:
    """`start`, usable as the first carry of a scan that adds to it values computed from `sources`.

    Inside `shard_map`, JAX demands that a carry is known to differ between devices wherever the values added to it do.
    Hence one element of each source is added, after a `where` has set it to 0: the values do not change, and XLA
    removes the additions.
    """
    arrays = [x for x in jax.tree.leaves(eqx.filter(sources, eqx.is_inexact_array)) if x.size]
    elements = [x[(0,) * x.ndim] for x in arrays]

    def marked(x):
        zeros = [jnp.where(False, element, 0).astype(x.dtype) for element in elements]
        return sum(zeros, x)

    return jax.tree.map(marked, start)
