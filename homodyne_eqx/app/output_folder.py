"""Output folders of the commands: written whole or not at all, and refused in the words of the command line."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..data.whole_folder import RESULT_NAMES, check_folder, replaced_folder


def check_output(path: Path, force: bool, ours: frozenset[str] = RESULT_NAMES) -> None:
    """Refuse a folder that may not be written, before anything is computed.

    **Raises:** `FileExistsError` where it holds anything and `force` is false, or anything but the names of `ours`;
    `NotADirectoryError` where it is a file.
    """
    check_folder(path, force, ours, another="Choose another --output", to_replace="pass --force")


@contextmanager
def whole_folder(path: Path, force: bool = False, ours: frozenset[str] = RESULT_NAMES) -> Iterator[Path]:
    """A temporary folder beside `path` that takes its place when the block ends well, and is removed when it fails.

    **Raises:** as `check_output`.
    """
    check_output(path, force, ours)
    with replaced_folder(path) as partial:
        yield partial


def require_drawing(figures: bool, html: bool) -> None:
    """**Raises:** `ImportError` with the remedy where a package is missing, before anything is computed."""
    if figures:
        from .figures.drawing import require_matplotlib

        require_matplotlib()
    if html:
        from .html_report.report import require_report

        require_report()
