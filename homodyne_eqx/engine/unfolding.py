"""Packed two-time data unfolded again, one sector at a time."""

from typing import NamedTuple, final

import numpy as np

from .devices import on_host
from .packed_maps import Packed


@final
class FoldedMap(NamedTuple):
    """The pairs of frames of one sector, row after column, 0 elsewhere: (n_t, n_t), or some of the rows with as many
    columns as the last of them needs.

    - `values`: the data, 0 where no pair counts; `weights`: 1/σ², 0 where none counts.
    """

    values: np.ndarray
    weights: np.ndarray


def sector_places(packed: Packed) -> dict[int, tuple[int, int]]:
    """For each sector the group that it belongs to, and its place there."""
    return {int(k): place for place, k in np.ndenumerate(np.asarray(packed.sectors))}


def folded_map(packed: Packed, group: int, member: int) -> FoldedMap:
    """One sector of packed data, in double precision on the host: 16 n_t² bytes."""
    return FoldedSector(packed, group, member).rows(0, packed.geometry.n_t)


@final
class FoldedSector:
    """One sector of packed data, of which some rows at a time are unfolded; its tiles are fetched once."""

    def __init__(self, packed: Packed, group: int, member: int):
        self._n_t, self._size = packed.geometry.n_t, packed.size
        self._starts: list[list[int]] = on_host(packed.starts)[:, 0].tolist()
        self._values, self._weights = packed.tiles_of(group, member)

    def rows(self, first: int, end: int) -> FoldedMap:
        """The rows of the frames from `first` to `end`, (end − first, end), in double precision."""
        values, weight = np.zeros((end - first, end)), np.zeros((end - first, end))
        for number, (row, column) in enumerate(self._starts):
            if row >= end or row + self._size <= first or column >= end:
                continue
            rows = slice(max(row, first), min(row + self._size, end))
            columns = slice(column, min(column + self._size, end))
            part = np.s_[rows.start - first : rows.stop - first, columns]
            of_tile = np.s_[rows.start - row : rows.stop - row, : columns.stop - column]
            tile, of_part = self._values[number][of_tile], self._weights[number]
            counts = ~np.isnan(tile)
            values[part] = np.where(counts, tile, values[part])
            weight[part] = np.where(counts, of_part if of_part.ndim == 0 else of_part[of_tile], weight[part])
        return FoldedMap(values, weight)

    def frames_with_data(self) -> np.ndarray:
        """The numbers of the frames that are in any pair that counts."""
        found = np.zeros(self._n_t, bool)
        for tile, (row, column) in zip(self._values, self._starts, strict=True):
            counts = ~np.isnan(tile)
            found[row : row + self._size] |= np.any(counts, axis=1)
            found[column : column + self._size] |= np.any(counts, axis=0)
        return np.flatnonzero(found)
