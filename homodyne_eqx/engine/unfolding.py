"""Packed two-time data unfolded again, one sector at a time."""

from typing import NamedTuple, final

import numpy as np

from .devices import on_host
from .packed_maps import Packed


@final
class FoldedMap(NamedTuple):
    """The pairs of frames of one sector, row after column; (n_t, n_t), strictly lower triangular.

    - `values`: the data, 0 where no pair counts; `weights`: 1/σ², 0 where none counts.
    """

    values: np.ndarray
    weights: np.ndarray


def sector_places(packed: Packed) -> dict[int, tuple[int, int]]:
    """For each sector the group that it belongs to, and its place there."""
    return {int(k): place for place, k in np.ndenumerate(np.asarray(packed.sectors))}


def folded_map(packed: Packed, group: int, member: int) -> FoldedMap:
    """One sector of packed data, in double precision on the host: 16 n_t² bytes."""
    n_t, size = packed.geometry.n_t, packed.size
    (tiles, weights), starts = packed.tiles_of(group, member), on_host(packed.starts)
    values, weight = np.zeros((n_t, n_t)), np.zeros((n_t, n_t))
    for number, (tile, (row, column)) in enumerate(zip(tiles, starts[:, 0], strict=True)):
        part = np.s_[row : row + size, column : column + size]
        counts = ~np.isnan(tile)
        values[part] = np.where(counts, tile, values[part])
        weight[part] = np.where(counts, weights if weights.ndim == 0 else weights[number], weight[part])
    return FoldedMap(values, weight)
