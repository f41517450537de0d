"""Maps in an HDF5 file, read one at a time and brought to the conventions of this package."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from ..errors import InvalidFile
from ..halves import completed, empty_half
from ..hdf5_file import Hdf5File, hdf5_file
from ..memory import check_memory

CHECKSUM = "sha256"
"""Attribute of a data set that holds one map: the SHA-256 checksum of its values in hexadecimal. Files that this
package writes have it."""


def map_checksum(c2: np.ndarray) -> str:
    """SHA-256 of the values of a map as they are stored, row by row, in hexadecimal."""
    return hashlib.sha256(np.ascontiguousarray(c2, c2.dtype.newbyteorder("<")).tobytes()).hexdigest()


@final
@dataclass(frozen=True)
class Hdf5Maps:
    """A stack of maps that lie in an HDF5 file.

    - `names`: the data set of each map; or one name, of which `axis` says where its sectors are, 0 or −1;
    - `sectors`: which of them, for one name, or `None`;
    - `baseline`: what is added to the values so that full decorrelation is 1;
    - `flipped`: whether the first row of the file is the last frame;
    - `unused`: the half, "lower" or "upper", that is empty according to the file, or `None`; its values are ignored;
    - `external`: as of `Hdf5File`.

    An empty half is filled by the transpose of the other.
    """

    path: str
    names: tuple[str, ...]
    shape: tuple[int, int, int]
    dtype: np.dtype
    axis: int | None = None
    baseline: float = 0.0
    flipped: bool = False
    unused: str | None = None
    external: bool = False

    def __getitem__(self, k: int) -> np.ndarray:
        n_t = self.shape[1]
        with hdf5_file(self.path, self.external) as file:
            check_memory(self.path, f"the map of sector {k}", (n_t, n_t), 3 * self.dtype.itemsize)
            dataset = file.dataset(self.names[0] if self.axis is not None else self.names[k])
            of_sector = {None: (), 0: (int(k),), -1: (..., int(k))}[self.axis]
            c2 = np.asarray(dataset[of_sector])
            written = file.attribute(dataset.name, CHECKSUM)
            if written is not None and written != map_checksum(c2):
                file.refuse(
                    f"{dataset.name} is damaged: its checksum is not the one it was written with. Copy it again."
                )
            c2 = c2.astype(self.dtype, copy=False)
        if c2.shape != (n_t, n_t):
            raise InvalidFile(self.path, f"the map of sector {k} has shape {c2.shape}; expected {(n_t, n_t)}.")
        c2 = c2[::-1] if self.flipped else c2
        c2 = completed(c2, empty_half(c2) or self.unused)
        return c2 + self.dtype.type(self.baseline) if self.baseline else c2


def maps_by_name(file: Hdf5File, names: Sequence[str], **how: Any) -> Hdf5Maps:
    """The stack of these data sets, one map each.

    **Raises:** `InvalidFile` where there is none, or where they are not squares of one size.
    """
    sets = [file.dataset(name) for name in names]
    if not sets:
        file.refuse("it holds no map. Run the two-time analysis again.")
    n_t = sets[0].shape[0] if sets[0].ndim else 0
    for name, values in zip(names, sets):
        if values.shape != (n_t, n_t):
            file.refuse(
                f"map {name.split('/')[-1]} has shape {values.shape}; expected ({n_t}, {n_t}), as all maps. Run the "
                "analysis again."
            )
        _check_fractions(file, name, values)
    _check_frames(file, n_t)
    dtype = np.dtype(np.float64 if sets[0].dtype == np.float64 else np.float32)
    return Hdf5Maps(file.path, tuple(names), (len(names), n_t, n_t), dtype, external=file.external, **how)


def maps_of_one_array(file: Hdf5File, name: str, axis: int, **how: Any) -> Hdf5Maps:
    """The stack in one data set whose sectors are along `axis`, 0 or −1; two axes hold one map.

    **Raises:** `InvalidFile` for another shape.
    """
    item = file.dataset(name)
    shape = (*item.shape[1:], item.shape[0]) if axis == 0 and item.ndim == 3 else item.shape
    if item.ndim == 2:
        shape = (*item.shape, 1)
    if len(shape) != 3 or shape[0] != shape[1] or not shape[2]:
        order = "(n_sector, n_t, n_t)" if axis == 0 else "(n_t, n_t, n_sector)"
        file.refuse(f"/{name} has shape {item.shape}; expected {order}, square maps. Correct it in the file.")
    _check_fractions(file, name, item)
    _check_frames(file, shape[0])
    dtype = np.dtype(np.float64 if item.dtype == np.float64 else np.float32)
    found = (shape[2], shape[0], shape[0])
    at = None if item.ndim == 2 else axis
    return Hdf5Maps(file.path, (name,), found, dtype, at, external=file.external, **how)


def _check_frames(file: Hdf5File, n_t: int) -> None:
    if n_t < 2:
        file.refuse(f"its maps have {n_t} frames; expected at least 2. Run the analysis again.")


def _check_fractions(file: Hdf5File, name: str, values: Any) -> None:
    if values.dtype.kind != "f":
        file.refuse(
            f"/{name} holds {values.dtype}: a correlation is no whole number. Save the normalised c2 as float32."
        )
