"""The stores of folded tiles while data are packed: memory, or a file."""

import abc
import math
from dataclasses import dataclass
from typing import final

import jax
import numpy as np
from jax.sharding import Mesh
from jaxtyping import Array

from .devices import on_each, spread
from .stored_tiles import StoredTiles, stored
from .tile_file import TileFile, TileLayout

_BLOCKS_IN_MEMORY = 4


@final
@dataclass(frozen=True)
class Shares:
    """The division of tiles between devices.

    - `n_tiles`: how many there are; `each`: how many a device has, the last ones of the last device may be empty;
    - `here`: numbers of the devices of this process; `mesh`: of all devices, `None` for one.
    """

    n_tiles: int
    each: int
    here: tuple[int, ...]
    mesh: Mesh | None

    @property
    def numbers(self) -> list[int]:
        """The numbers of the tiles of this process, the empty ones included."""
        return [k * self.each + place for k in self.here for place in range(self.each)]

    def spread(self, values: np.ndarray, axis: int) -> Array:
        """The array of `values`, with one element a tile along `axis`: each device holds its own part."""
        parts = np.split(values, 1 if self.mesh is None else self.mesh.size, axis)
        return spread(self.mesh, axis, {k: np.ascontiguousarray(parts[k]) for k in self.here})

    @property
    def n_all(self) -> int:
        """The number of tiles on all devices, the empty ones included."""
        return self.each * (1 if self.mesh is None else self.mesh.size)


class AbstractTileStore(abc.ABC):
    """Takes the tiles of this process, one sector after the other."""

    shares: Shares
    dtype: np.dtype

    @abc.abstractmethod
    def write(self, group: int, tile: int, member: int, values: np.ndarray | float) -> None:
        """One tile of one sector: (size, size), or one number."""

    @abc.abstractmethod
    def tiles(self) -> Array | StoredTiles:
        """All tiles: (n_groups, n_tiles, n_member, size, size)."""


@final
class TilesInMemory(AbstractTileStore):
    """Arrays, one for each device of this process.

    **Arguments:** `n_groups`, `n_member`: how many groups of how many sectors; `size`: of a tile.
    """

    def __init__(self, shares: Shares, n_groups: int, n_member: int, size: int, dtype: np.dtype):
        self.shares, self.dtype = shares, dtype
        self._of_device = {k: _aligned((n_groups, shares.each, n_member, size, size), dtype) for k in shares.here}

    def write(self, group: int, tile: int, member: int, values: np.ndarray | float) -> None:
        device, place = divmod(tile, self.shares.each)
        self._of_device[device][group, place, member] = values

    def tiles(self) -> Array:
        return spread(self.shares.mesh, 1, self._of_device)


@final
class TilesInFile(AbstractTileStore):
    """A temporary file. Arguments as of `TilesInMemory`; `block`: how many tiles are read at once, a divisor of the
    number that a device has.

    **Raises:** `OSError` where there is no room for it.
    """

    def __init__(self, shares: Shares, n_groups: int, n_member: int, size: int, dtype: np.dtype, block: int):
        self.shares, self.dtype, self._shape = shares, dtype, (size, size)
        shape = (block, n_member, size, size)
        self._file = TileFile(TileLayout(shares.each // block, n_groups, shape, dtype.name, shares.here))

    def write(self, group: int, tile: int, member: int, values: np.ndarray | float) -> None:
        self._file.write(group, tile, member, np.broadcast_to(values, self._shape))

    def tiles(self) -> StoredTiles:
        return on_each(self.shares.mesh, stored(self._file))


def tile_stores(
    number: int, memory: float, n_tiles: int, mesh: Mesh | None, groups: tuple[int, int], size: int, dtype: np.dtype
) -> list[AbstractTileStore]:
    """Places for so many arrays of tiles: in memory where all of them fit into `memory`, in bytes, else in files.

    **Arguments:** `groups`: how many, of how many sectors.

    **Raises:** `OSError` where there is no room for a file.
    """
    devices = [jax.devices()[0]] if mesh is None else list(mesh.devices.flat)
    here = tuple(k for k, device in enumerate(devices) if device.process_index == jax.process_index())
    each, bytes_of_tile = -(-n_tiles // len(devices)), groups[1] * size**2 * dtype.itemsize
    if number * groups[0] * each * len(here) * bytes_of_tile <= memory:
        shares = Shares(n_tiles, each, here, mesh)
        return [TilesInMemory(shares, *groups, size, dtype) for _ in range(number)]
    # On each device one block is used while the next one is read and copied.
    most = max(1, int(memory / (_BLOCKS_IN_MEMORY * number * len(here) * bytes_of_tile)))
    n_blocks = -(-each // most)
    block = -(-each // n_blocks)
    shares = Shares(n_tiles, n_blocks * block, here, mesh)
    return [TilesInFile(shares, *groups, size, dtype, block) for _ in range(number)]


def _aligned(shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """An empty array, aligned so that JAX can use its memory on the CPU without a copy."""
    n = math.prod(shape) * dtype.itemsize
    raw = np.empty(n + 64, np.uint8)
    begin = -raw.ctypes.data % 64
    return raw[begin : begin + n].view(dtype).reshape(shape)
