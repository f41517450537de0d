"""`homodyne-eqx report`: the report of a result again."""

import sys
from pathlib import Path
from typing import Annotated

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
    text: Annotated[
        bool, typer.Option("--text", help="Print the report, as `fit` did, with profiles and posterior; write nothing.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a report that is there.")] = False,
) -> None:
    """Write the report of a result: one HTML file with the verdict, parameters, interactive maps, rates over time,
    residuals by sector and frame, correlations, the history, and the results of `profile` and `sample`. Any browser
    shows it, without a network."""
    console = Console(file=sys.stdout)
    if text and output is not None:
        raise ValueError("--text and --output are both given; expected one of them: --text writes no file.")
    if text:
        _print(console, result)
        return
    from ..stored_report import REPORT, write_stored_report

    path = output or (result if result.is_dir() else result.parent) / REPORT
    if path.exists() and not force:
        raise FileExistsError(f"{path} exists and is not overwritten. Choose another --output, or pass --force.")
    write_stored_report(result, path, overwrite=force)
    console.print(f"wrote {path}", highlight=False, markup=False)


def _print(console: Console, path: Path) -> None:
    from ...fit import FitResult
    from ..inferred import inferred_in
    from ..report import print_data, print_rate_law, print_result, print_sectors

    result = FitResult.load(path, to_view=True)
    if result.data is not None:
        print_data(console, result.data)  # pyright: ignore[reportArgumentType]
    print_result(console, result)
    print_rate_law(console, result)
    print_sectors(console, result)
    for each in inferred_in(path if path.is_dir() else path.parent).texts():
        console.print(f"\n{each}", highlight=False, markup=False, soft_wrap=True)
