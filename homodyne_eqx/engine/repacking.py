"""Packed two-time data with other values at the same pairs."""

from collections.abc import Callable

import equinox as eqx
import jax
import numpy as np

from .devices import on_host
from .packed_maps import Packed
from .unfolding import sector_places


def repacked(packed: Packed, map_of: Callable[[int], np.ndarray]) -> Packed:
    """The same data, masks and weights, with the values of other maps at the pairs that count.

    **Arguments:** `map_of`: of the number of a sector; gives its map, (n_t, n_t), of which the pairs (i, j), i > j, are
    taken; pairs where it is NaN count no longer. It is called once for each sector; one map is in memory at a time.
    """
    size, starts = packed.size, on_host(packed.starts)[:, 0]
    values = np.array(on_host(packed.values))
    for k, (group, member) in sector_places(packed).items():
        values_of_map = map_of(k)
        for number, (row, column) in enumerate(starts):
            part = np.s_[row : row + size, column : column + size]
            tile = values[group, number, member]
            values[group, number, member] = np.where(np.isnan(tile), np.nan, values_of_map[part])
    counts = np.count_nonzero(~np.isnan(values), axis=(-2, -1)).astype(np.int32)
    where = (None, None) if packed.mesh is None else (packed.values.sharding, packed.counts.sharding)
    return eqx.tree_at(lambda p: (p.values, p.counts), packed, jax.device_put((values, counts), where))
