"""Files that hold no data at all: a folder, nothing, or a pointer to the file that was meant."""

from pathlib import Path

from .errors import InvalidFile

_LFS = b"version https://git-lfs"


def check_file(path: Path) -> None:
    """**Raises:** `FileNotFoundError`, `IsADirectoryError`; `InvalidFile` for an empty file and a Git LFS pointer."""
    if path.is_dir():
        raise IsADirectoryError(f"{path} is a folder; expected a file. Name the file in it.")
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path} (looked in {path.parent.absolute()}).")
    with path.open("rb") as file:
        start = file.read(len(_LFS))
    if not start:
        raise InvalidFile(str(path), "it is empty (0 bytes). Copy it again.")
    if start == _LFS:
        raise InvalidFile(
            str(path), "it is a pointer of Git LFS in the place of the file. Fetch the file with: git lfs pull"
        )
