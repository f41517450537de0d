"""Files that are written whole or not at all."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from pathlib import Path
from tempfile import NamedTemporaryFile


@contextmanager
def whole_file(path: str | PathLike[str], overwrite: bool = False) -> Iterator[Path]:
    """A temporary path in the folder of `path`: moved to `path` at the end of the block, removed if the block raises.

    **Raises:** `FileExistsError` if `path` exists and `overwrite` is false, `FileNotFoundError` if its folder does not
    exist, both before anything is written.
    """
    path = Path(path)
    if not path.parent.is_dir():
        raise FileNotFoundError(f"There is no folder {path.parent} to write {path.name} to. Make it first.")
    if path.exists() and not overwrite:
        raise FileExistsError(f"{path} exists and is not overwritten. Choose another name, or pass overwrite=True.")
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", suffix=".part", delete=False) as file:
        partial = Path(file.name)
    try:
        yield partial
        umask = os.umask(0)
        os.umask(umask)
        partial.chmod(0o666 & ~umask)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
