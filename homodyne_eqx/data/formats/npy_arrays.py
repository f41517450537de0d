"""Arrays in `.npy` files and in the members of `.npz` files: what their headers declare is checked before any is read.

Pickled objects are never read: unpickling may run code.
"""

import ast
import io
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InvalidFile
from ..memory import check_memory

_MAGIC = b"\x93NUMPY"
_LONGEST_HEADER = 10_000


def is_npy(path: Path) -> bool:
    """Whether the file starts as `.npy` files do."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def npz_names(path: Path) -> set[str] | None:
    """Names of the arrays of an `.npz` file; `None` for a file that is none, or whose directory is damaged."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy") for name in archive.namelist() if name.endswith(".npy")}
    except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError, RuntimeError):
        return None


def starts_as_zip(path: Path) -> bool:
    """Whether the file starts as ZIP files do."""
    with path.open("rb") as file:
        return file.read(4) == b"PK\x03\x04"


def read_npy(path: Path) -> np.ndarray:
    """The array of an `.npy` file. **Raises:** `InvalidFile`, `TooLarge`."""
    with path.open("rb") as file:
        return _read(path, path.name, file, path.stat().st_size)


def read_npz(path: Path, name: str) -> np.ndarray:
    """An array of an `.npz` file. **Raises:** `InvalidFile`, `TooLarge`."""
    with zipfile.ZipFile(path) as archive:
        member = archive.getinfo(f"{name}.npy")
        with archive.open(member) as file:
            return _read(path, name, file, member.file_size)


def _read(path: Path, name: str, file: Any, declared: int) -> np.ndarray:
    """The array in an open file of which `declared` bytes are there."""
    shape, fortran, dtype, start = _header(path, name, file)
    if dtype.hasobject:
        raise InvalidFile(
            str(path),
            f"{name} holds pickled objects, which are not read because unpickling may run code. Write it as numbers.",
        )
    n_bytes = math.prod(shape) * dtype.itemsize
    if n_bytes != declared - start:
        raise InvalidFile(
            str(path),
            f"{name} should have {n_bytes} bytes for shape {shape}, and the file holds {max(declared - start, 0)}: it "
            "is cut short or damaged. Copy it again.",
        )
    check_memory(path, name, shape, dtype.itemsize)
    content = file.read(n_bytes)
    if len(content) != n_bytes:
        raise InvalidFile(str(path), f"{name} is cut short. Copy the file again.")
    array = np.frombuffer(content, dtype)
    return array.reshape(shape, order="F" if fortran else "C")


def _header(path: Path, name: str, file: Any) -> tuple[tuple[int, ...], bool, np.dtype, int]:
    """Shape, order, dtype and length of the header that a `.npy` file starts with."""
    start = file.read(8)
    width = {1: 2, 2: 4, 3: 4}.get(start[6] if len(start) == 8 else 0)
    if start[:6] != _MAGIC or width is None:
        raise InvalidFile(str(path), f"{name} is no array of NumPy. Write it again.")
    length = int.from_bytes(file.read(width), "little")
    try:
        if length > _LONGEST_HEADER:
            raise ValueError(f"a header of {length} bytes")
        found = ast.literal_eval(io.BytesIO(file.read(length)).read().decode("latin1"))
        shape, fortran, described = found["shape"], found["fortran_order"], found["descr"]
        if not isinstance(shape, tuple) or not all(isinstance(n, int) and n >= 0 for n in shape):
            raise ValueError(f"the shape {shape}")
        dtype = np.lib.format.descr_to_dtype(described)
    except (ValueError, TypeError, KeyError, SyntaxError, RecursionError, MemoryError) as error:
        raise InvalidFile(
            str(path), f"the header of {name} is damaged ({type(error).__name__}: {str(error)[:100]}). Copy it again."
        ) from error
    return shape, bool(fortran), dtype, 8 + width + length
