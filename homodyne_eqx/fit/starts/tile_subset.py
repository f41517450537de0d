"""A part of large data that a fit may look at first."""

import jax.numpy as jnp
import numpy as np

from ...engine import Packed

ROUGHLY = 0.1
"""Tolerance of a fit to a part: what is left of χ² is then within the noise of that part."""
REACH = 30.0
"""How far the first step from such a minimum may go: it is next to that over all pairs."""

_PAIRS_AT_LEAST = 5e7
_PART_AT_MOST = 0.25


def tile_subset(packed: Packed) -> Packed | None:
    """The tiles along the diagonal, where what decays fast is seen, and as many of the others, drawn at random.

    The pairs in them are as they were, so the minimum of χ² over them differs from that over all by its own noise
    only, unlike that of averages. None for fewer than 50 million pairs, a fit of which is done sooner than another
    program is compiled, and where the part would be more than a quarter.
    """
    starts = np.asarray(packed.starts)[:, 0]
    near = starts[:, 0] - starts[:, 1] < packed.size
    n_near = np.count_nonzero(near)
    if packed.n_pairs < _PAIRS_AT_LEAST or 2 * n_near > _PART_AT_MOST * packed.n_tiles:
        return None
    others = np.random.default_rng(0).choice(np.flatnonzero(~near), n_near, replace=False)
    return packed.subset(jnp.asarray(np.sort(np.concatenate([np.flatnonzero(near), others]))))
