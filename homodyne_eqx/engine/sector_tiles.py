"""The tiles of one sector of packed data, on the host."""

from collections.abc import Sequence
from typing import final, overload

import jax
import numpy as np

from .devices import on_host
from .stored_tiles import StoredTiles
from .tile_file import TileFile


def sector_tiles(x: jax.Array | StoredTiles, group: int, member: int) -> Sequence[np.ndarray]:
    """The tiles, (size, size) each, of one sector of an array (n_groups, n_tiles, n_member, size, size).

    Those in the memory of the processor are not copied, and those in a file are read each time they are asked for.
    """
    if isinstance(x, StoredTiles):
        return _TilesInFile(x.file, group, member)
    if not x.is_fully_addressable or any(device.platform != "cpu" for device in x.sharding.device_set):
        return list(on_host(x[group, :, member]))
    parts = {shard.index[1].start or 0: shard.data for shard in x.addressable_shards}
    return [tile for _, part in sorted(parts.items()) for tile in np.asarray(part)[group, :, member]]


@final
class _TilesInFile(Sequence[np.ndarray]):
    def __init__(self, file: TileFile, group: int, member: int):
        self._file, self._group, self._member = file, group, member

    def __len__(self) -> int:
        return self._file.layout.tiles_of_device * len(self._file.layout.devices)

    @overload
    def __getitem__(self, index: int) -> np.ndarray: ...
    @overload
    def __getitem__(self, index: slice) -> list[np.ndarray]: ...
    def __getitem__(self, index: int | slice) -> np.ndarray | list[np.ndarray]:
        if isinstance(index, slice):
            return [self[k] for k in range(*index.indices(len(self)))]
        if not 0 <= index < len(self):
            raise IndexError(index)
        return self._file.tile(self._group, index, self._member)
