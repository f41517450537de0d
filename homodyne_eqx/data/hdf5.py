"""The optional dependency h5py, loaded when a file is opened, and what keeps a file from being opened."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from types import ModuleType
from typing import Any

from .errors import AbstractInputError, InvalidFile

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_USER_BLOCKS = (0, 512, 1024, 2048, 4096)
_OPEN_FOR_WRITING = 0b101


def require_h5py() -> ModuleType:
    """The module h5py. **Raises:** `ImportError` that says how to install it, if it is not installed."""
    try:
        import h5py
    except ImportError as error:
        raise ImportError("HDF5 files need h5py. Install it with: pip install 'homodyne-eqx[files]'") from error
    return h5py


def is_hdf5(path: str | PathLike[str]) -> bool:
    """Whether the file has the HDF5 signature, at its start or after a user block, as files of MATLAB have it."""
    return _superblock_at(path) is not None


@contextmanager
def opened_for_reading(path: str | PathLike[str]) -> Iterator[Any]:
    """The file opened by h5py. What goes wrong in the block is said in words: the file, the cause, the remedy.

    **Raises:** `InvalidFile` for a file that is damaged, cut short or open for writing, and for anything that h5py
    cannot make sense of in the block; errors of this package, missing files and `KeyboardInterrupt` as they are.
    """
    h5py = require_h5py()
    with said_in_words(path), h5py.File(path, "r") as file:
        yield file


@contextmanager
def said_in_words(path: str | PathLike[str]) -> Iterator[None]:
    """Raise all errors of a damaged file in the block as `InvalidFile`; errors that state a remedy themselves stay as
    they are."""
    try:
        yield
    except (AbstractInputError, FileNotFoundError, PermissionError, IsADirectoryError, ImportError):
        raise
    except BlockingIOError as error:
        raise InvalidFile(
            str(path), "it is open for writing in another program. Close the writer, or read a copy of the file."
        ) from error
    except Exception as error:
        raise InvalidFile(str(path), _cause(path, error)) from error


def _cause(path: str | PathLike[str], error: Exception) -> str:
    size = os.path.getsize(path)
    superblock = _superblock_at(path)
    if superblock is not None:
        start, end, open_for_writing = _superblock(path, superblock)
        if open_for_writing:
            return (
                "it is marked as open for writing: a writer is at work, or ended without closing it. Close the writer, "
                "or repair it with `h5clear -s`."
            )
        if end is not None and size < start + end:
            return f"it is cut short: it has {size} bytes and should have {start + end}. Copy it again."
    said = " ".join(str(error).split())[:200] or "no reason given"
    return f"it cannot be read, it may be damaged ({type(error).__name__}: {said}). Copy it again, or write it again."


def _superblock_at(path: str | PathLike[str]) -> int | None:
    """The position of the HDF5 signature, `None` if there is none."""
    with open(path, "rb") as file:
        for start in _USER_BLOCKS:
            file.seek(start)
            if file.read(len(_SIGNATURE)) == _SIGNATURE:
                return start
    return None


def _superblock(path: str | PathLike[str], start: int) -> tuple[int, int | None, bool]:
    """Base address, end of the file after it where that can be told, and whether a writer has it open."""
    with open(path, "rb") as file:
        file.seek(start)
        block = file.read(96)
    if len(block) < 96:
        return start, start + 96, False
    version = block[8]
    if version in (0, 1):
        width, places = block[13], 24 if version == 0 else 28
        return start, _number(block, places + 2 * width, width), False
    width = block[9]
    return start, _number(block, 12 + 2 * width, width), version >= 3 and bool(block[11] & _OPEN_FOR_WRITING)


def _number(block: bytes, place: int, width: int) -> int | None:
    return int.from_bytes(block[place : place + width], "little") if width in (2, 4, 8) else None
