"""Folders of results that are written whole or not at all, and never over something else."""

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

BATCH_RECORD = "batch.json"
"""The name of the file, in the folder of a file of a batch, with the content and settings of its result."""
PROFILES, POSTERIOR = "profiles", "posterior"
"""The folders in the folder of a result with later results of it."""
RESULT_NAMES = frozenset(
    {"result.json", "result.h5", "curves.csv", "config.toml", "report.html", "figures", BATCH_RECORD}
    | {PROFILES, POSTERIOR}
)
"""The names that the folder of a result may hold: an overwritten folder is replaced as a whole."""


def check_folder(
    path: Path,
    overwrite: bool,
    ours: Collection[str] = RESULT_NAMES,
    another: str = "Choose another folder",
    to_replace: str = "pass overwrite=True",
) -> None:
    """Refuse a folder that may not be written, before anything is computed.

    **Arguments:** `ours`: names that may be replaced; `another`, `to_replace`: the remedies in the caller's words.

    **Raises:** `FileExistsError` where the folder holds anything and `overwrite` is false, or anything but `ours`;
    `NotADirectoryError` where it is a file.
    """
    if not path.exists():
        return
    if not path.is_dir():
        raise NotADirectoryError(f"{path} is a file; expected a folder that does not exist yet. {another}.")
    names = {entry.name for entry in path.iterdir()}
    if names and not overwrite:
        raise FileExistsError(f"{path} exists and is not overwritten. {another}, or {to_replace} to replace it.")
    foreign = sorted(names - set(ours))
    if foreign:
        raise FileExistsError(
            f"{path} holds {', '.join(foreign[:4])}{' …' if len(foreign) > 4 else ''}, which no fit wrote; only "
            f"results are ever replaced. {another}."
        )


@contextmanager
def replaced_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path` that takes its place when the block ends well, and is removed when it fails.

    What `path` held before is gone then: call `check_folder` first.
    """
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
