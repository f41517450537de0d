"""`homodyne-eqx plot`: the figures of a result again."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ..bad_input import refuses_bad_input
from ..output_folder import whole_folder


class FormatName(StrEnum):
    png = "png"
    pdf = "pdf"
    svg = "svg"


@refuses_bad_input
def plot(
    result: Annotated[Path, typer.Argument(metavar="DIR|result.h5", help="Folder that `fit` wrote, or its result.h5.")],
    output: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for the figures; `figures` beside result.h5 unless given."),
    ] = None,
    sector: Annotated[
        list[int] | None, typer.Option(metavar="N", help="Sector to draw, all unless given; repeat for more.")
    ] = None,
    form: Annotated[FormatName, typer.Option("--format", help="File format.")] = FormatName.png,
    dpi: Annotated[int, typer.Option(min=50, max=1200, help="Resolution, dots per inch.")] = 200,
    force: Annotated[bool, typer.Option("--force", help="Replace figures that are there.")] = False,
) -> None:
    """Draw the figures of a result: maps and cuts at constant age of each sector, an overview, the history."""
    from ...data.result_file import load_result_arrays
    from ..figures import draw_figures

    path = result / "result.h5" if result.is_dir() else result
    if result.is_dir() and not path.is_file():
        raise FileNotFoundError(
            f"{result} holds no result.h5; expected a folder that `homodyne-eqx fit --output` wrote."
        )
    file = load_result_arrays(path)
    folder = output or path.parent / "figures"
    figures = (
        frozenset(entry.name for entry in folder.iterdir() if entry.suffix[1:] in FormatName.__members__)
        if folder.is_dir()
        else frozenset()
    )
    with whole_folder(folder, force, ours=figures) as partial:
        names = [written.name for written in draw_figures(file, partial, sector, form.value, dpi)]
    Console(file=sys.stdout).print(f"wrote {folder}: {', '.join(names)}", highlight=False, markup=False)
