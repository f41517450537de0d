"""Names of result folders: readable, one for each file, and the same when a batch is resumed."""

import os
import re
from collections.abc import Collection, Iterator
from itertools import count
from pathlib import Path

_SUFFIXES = {".gz", ".bz2", ".h5", ".hdf", ".hdf5", ".nxs", ".npz", ".npy", ".mat"}
_LONGEST = 100


def path_of(file: str | os.PathLike[str]) -> Path:
    """The path by which a batch knows a file: absolute, links as they are."""
    return Path(os.path.abspath(file))


def name_for(file: Path, taken: Collection[str]) -> str:
    """The first name for the folder of a file that is not taken: that of the file without its ending, then with the
    name of its folder before it, then with a number. Upper and lower case count as the same."""
    taken = {name.casefold() for name in taken}
    return next(name for name in _names(file) if name.casefold() not in taken)


def _names(file: Path) -> Iterator[str]:
    stem = Path(file.name)
    while stem.suffix.lower() in _SUFFIXES:
        stem = stem.with_suffix("")
    own, above = _plain(stem.name) or "file", _plain(file.parent.name)
    yield own
    longer = f"{above}_{own}" if above else own
    if above:
        yield longer
    yield from (f"{longer}_{number}" for number in count(2))


def _plain(text: str) -> str:
    """Letters, digits and `._+-` alone, no point at either end."""
    return re.sub(r"[^\w.+-]+", "_", text).strip(".")[:_LONGEST]
