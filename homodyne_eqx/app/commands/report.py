"""`homodyne-eqx report`: the report of a result again."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ..bad_input import refuses_bad_input


@refuses_bad_input
def report(
    result: Annotated[Path, typer.Argument(metavar="DIR|result.h5", help="Folder that `fit` wrote, or its result.h5.")],
    output: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="HTML file to write; `report.html` beside result.h5 unless given."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a report that is there.")] = False,
) -> None:
    """Write the report of a result: one HTML file with the verdict, parameters, interactive maps, rates over time,
    residuals by sector and frame, correlations and the history. Any browser shows it, without a network."""
    from ...fit import FitResult
    from ..html_report import write_report
    from ..report import in_flags

    found = FitResult.load(result, to_view=True)
    folder = result if result.is_dir() else result.parent
    path = output or folder / "report.html"
    if path.exists() and not force:
        raise FileExistsError(f"{path} exists and is not overwritten. Choose another --output, or pass --force.")
    write_report(found, path, overwrite=force, command=_command_of(folder / "result.json"), in_words=in_flags)
    Console(file=sys.stdout).print(f"wrote {path}", highlight=False, markup=False)


def _command_of(path: Path) -> list[str] | None:
    """The arguments of the command line that made a result, if one did, and its JSON file is there."""
    if not path.is_file():
        return None
    stored: Any = json.loads(path.read_text(encoding="utf-8"))
    return stored.get("command")
