"""Tiles of packed data in a file of their own, written once and read block by block while a sum goes over them."""

import itertools
import math
import shutil
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock
from typing import final
from weakref import WeakValueDictionary, finalize

import numpy as np

_NUMBERS = itertools.count()
_OPEN: "WeakValueDictionary[int, TileFile]" = WeakValueDictionary()
_SPARE = 2**30


def tile_file(number: int) -> "TileFile":
    """The file of this number, which is in use as long as something refers to it."""
    return _OPEN[int(number)]


@final
@dataclass(frozen=True)
class TileLayout:
    """The order of tiles in a file.

    - `n_blocks`: blocks of each device, one read after the other; `n_groups`: groups of sectors; `shape`: of a block
      of one group, (tiles in it, sectors of a group, size, size); `dtype`: of the values;
    - `devices`: numbers of the devices whose tiles the file holds, in the order of their places in it.
    """

    n_blocks: int
    n_groups: int
    shape: tuple[int, int, int, int]
    dtype: str
    devices: tuple[int, ...]

    @property
    def n_bytes(self) -> int:
        """The number of bytes of a block of one group."""
        return math.prod(self.shape) * np.dtype(self.dtype).itemsize

    @property
    def n_steps(self) -> int:
        """The number of blocks that one pass over the data reads for a device."""
        return self.n_blocks * self.n_groups

    @property
    def tiles_of_device(self) -> int:
        """The number of tiles of a device, the empty ones included."""
        return self.n_blocks * self.shape[0]


@final
@dataclass(eq=False)
class TileFile:
    """A temporary file, in the folder that `TMPDIR` names, that is gone when nothing refers to it any more.

    Files of one layout are equal and have one hash, so that programs compiled for one of them run with another; which
    one is read says its number, which is data.

    **Raises:** `OSError` where the folder has no room for it.
    """

    layout: TileLayout
    number: int = field(init=False)

    def __post_init__(self) -> None:
        folder, size = tempfile.gettempdir(), self.layout.n_bytes * self.layout.n_steps * len(self.layout.devices)
        free = shutil.disk_usage(folder).free
        if size + _SPARE > free:
            raise OSError(
                f"The packed data take {size / 1e9:.3g} GB, more than the memory that they may have, and {folder} has "
                f"{free / 1e9:.3g} GB free for them. Make room there, let the environment variable TMPDIR name another "
                "folder, or give them more memory: hx.pack(data, memory=…)."
            )
        self._file, self._lock = tempfile.TemporaryFile(buffering=0), Lock()  # noqa: SIM115
        self._file.truncate(size)
        finalize(self, self._file.close)
        self._pool = ThreadPoolExecutor(len(self.layout.devices), "tiles")
        self._ahead: dict[int, tuple[int, Future[np.ndarray]]] = {}
        self._place = {device: k for k, device in enumerate(self.layout.devices)}
        self.number = next(_NUMBERS)
        _OPEN[self.number] = self

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TileFile) and other.layout == self.layout

    def __hash__(self) -> int:
        return hash(self.layout)

    def write(self, group: int, tile: int, member: int, values: np.ndarray) -> None:
        """Store the values of one sector in one tile, whose number counts over all devices."""
        values = np.ascontiguousarray(values, self.layout.dtype)
        content = memoryview(values).cast("B")
        with self._lock:
            self._file.seek(self._offset(group, tile, member))
            while content:
                content = content[self._file.write(content) :]

    def read(self, device: int, step: int) -> np.ndarray:
        """The block of one step of a pass for a device; the next one is read in the meantime."""
        layout, ahead = self.layout, self._ahead.pop(device, None)
        block = ahead[1].result() if ahead is not None and ahead[0] == step else self._block(device, step)
        following = (step + 1) % layout.n_steps
        if following != step:
            self._ahead[device] = following, self._pool.submit(self._block, device, following)
        return block

    def tiles(self, numbers: np.ndarray) -> np.ndarray:
        """Some tiles: (n_groups, n_tiles, n_member, size, size)."""
        layout = self.layout
        found = np.empty((layout.n_groups, len(numbers), *layout.shape[1:]), layout.dtype)
        for k, number in enumerate(np.asarray(numbers).tolist()):
            for group in range(layout.n_groups):
                self._read_into(found[group, k], self._offset(group, number, 0))
        return found

    def tile(self, group: int, number: int, member: int) -> np.ndarray:
        """One tile of one sector, (size, size), whose number counts over all devices."""
        found = np.empty(self.layout.shape[2:], self.layout.dtype)
        self._read_into(found, self._offset(group, number, member))
        return found

    def _block(self, device: int, step: int) -> np.ndarray:
        block = np.empty(self.layout.shape, self.layout.dtype)
        self._read_into(block, (self._place[device] * self.layout.n_steps + step) * self.layout.n_bytes)
        return block

    def _read_into(self, target: np.ndarray, offset: int) -> None:
        rest = memoryview(target).cast("B")
        with self._lock:
            self._file.seek(offset)
            while rest:
                rest = rest[self._file.readinto(rest) :]

    def _offset(self, group: int, tile: int, member: int) -> int:
        layout = self.layout
        device, tile = divmod(tile, layout.tiles_of_device)
        block, place = divmod(tile, layout.shape[0])
        if device not in self._place:
            raise ValueError(
                "Packed data in files, of several processes: each process reads its own tiles only. The noise of the "
                "data and their maps need all of them; pack the data in one process for these."
            )
        step = (self._place[device] * layout.n_blocks + block) * layout.n_groups + group
        of_tile = layout.n_bytes // math.prod(layout.shape[:2])
        return step * layout.n_bytes + (place * layout.shape[1] + member) * of_tile
