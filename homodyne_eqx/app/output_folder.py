"""Output folders that are written whole or not at all, and never over something else."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

RESULT_NAMES = frozenset({"result.json", "result.h5", "figures"})


def check_output(path: Path, force: bool, held: frozenset[str] = RESULT_NAMES) -> None:
    """Refuse a folder that may not be written, before anything is computed.

    **Raises:** `FileExistsError` where it holds anything and `force` is false, or anything but the names of `held`;
    `NotADirectoryError` where it is a file.
    """
    if not path.exists():
        return
    if not path.is_dir():
        raise NotADirectoryError(
            f"{path} is a file; expected a folder that does not exist yet. Choose another --output."
        )
    names = {entry.name for entry in path.iterdir()}
    if names and not force:
        raise FileExistsError(
            f"{path} exists and is not overwritten. Choose another --output, or pass --force to replace it."
        )
    foreign = sorted(names - held)
    if foreign:
        raise FileExistsError(
            f"{path} holds {', '.join(foreign[:4])}{' …' if len(foreign) > 4 else ''}, which no fit wrote; --force "
            "replaces nothing but results. Choose another --output."
        )


@contextmanager
def whole_folder(path: Path, force: bool = False, held: frozenset[str] = RESULT_NAMES) -> Iterator[Path]:
    """A temporary folder beside `path` that takes its place when the block ends well, and is removed when it fails.

    **Raises:** as `check_output`.
    """
    check_output(path, force, held)
    path = path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    try:
        yield partial
        umask = os.umask(0)
        os.umask(umask)
        partial.chmod(0o777 & ~umask)
        if path.exists():
            former = partial.with_suffix(".former")
            os.replace(path, former)
            os.replace(partial, path)
            shutil.rmtree(former)
        else:
            os.replace(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
