"""The report of a result that was written to a folder, with its profiles and its posterior."""

import json
from pathlib import Path
from typing import Any

from ..fit import FitResult
from .html_report import write_report
from .inferred import inferred_in
from .report import in_flags

REPORT = "report.html"


def write_stored_report(path: Path, to: Path, overwrite: bool) -> None:
    """The report of the result in a folder, or of its `result.h5`, with the command that made it.

    **Raises:** as `FitResult.load` and `write_report`.
    """
    folder = path if path.is_dir() else path.parent
    result = FitResult.load(path, to_view=True)
    command = _command_of(folder / "result.json")
    found = inferred_in(folder)
    write_report(result, to, overwrite=overwrite, command=command, in_words=in_flags, inferred=found)


def renew_report(folder: Path) -> list[str]:
    """Write the report again if there is one, and give its name."""
    if not (folder / REPORT).is_file():
        return []
    write_stored_report(folder, folder / REPORT, overwrite=True)
    return [REPORT]


def _command_of(path: Path) -> list[str] | None:
    """The arguments of the command line that made a result, if one did, and its JSON file is there."""
    if not path.is_file():
        return None
    stored: Any = json.loads(path.read_text(encoding="utf-8"))
    return stored.get("command")
