"""Packed two-time data with other values at the same pairs."""

from collections.abc import Callable

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array

from .devices import on_host
from .packed_maps import Packed
from .stored_tiles import StoredTiles, stored
from .tile_file import TileFile
from .unfolding import sector_places


def repacked(packed: Packed, map_of: Callable[[int], np.ndarray]) -> Packed:
    """The same data, masks and weights, with the values of other maps at the pairs that count.

    **Arguments:** `map_of`: of the number of a sector; gives its map, (n_t, n_t), of which the pairs (i, j), i > j, are
    taken; pairs where it is NaN count no longer. It is called once for each sector; one map is in memory at a time.
    """
    counts, starts = np.array(on_host(packed.counts)), on_host(packed.starts)[:, 0]
    write, finished = _new_tiles(packed)
    for k, (group, member) in sector_places(packed).items():
        map_of_sector = map_of(k)
        for number, (tile, (row, column)) in enumerate(zip(packed.tiles_of(group, member)[0], starts, strict=True)):
            part = np.s_[row : row + packed.size, column : column + packed.size]
            of_tile = np.where(np.isnan(tile), np.nan, map_of_sector[part])
            counts[group, number, member] = np.count_nonzero(~np.isnan(of_tile))
            write(group, number, member, of_tile)
    return eqx.tree_at(lambda p: (p.values, p.counts), packed, (finished(), _put(packed, counts, packed.counts)))


def _new_tiles(packed: Packed) -> tuple[Callable[..., None], Callable[[], Array | StoredTiles]]:
    """Two functions: one writes a tile of one sector, the other returns all tiles, where the values are now."""
    if isinstance(packed.values, StoredTiles):
        file = TileFile(packed.values.layout)
        return file.write, lambda: packed.beside(stored(file))
    array, like = np.array(on_host(packed.values)), packed.values

    def write(group: int, tile: int, member: int, values: np.ndarray) -> None:
        array[group, tile, member] = values

    return write, lambda: _put(packed, array, like)


def _put(packed: Packed, values: np.ndarray, like: Array) -> Array:
    return jax.device_put(values, None if packed.mesh is None else like.sharding)
