"""`homodyne-eqx plot`: the figures of a result again."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ..bad_input import refuses_bad_input
from ..figures.style import WIDTH
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
        list[int] | None,
        typer.Option(metavar="N", help="Draw this sector and nothing else, from 0; repeat for more, a file each."),
    ] = None,
    form: Annotated[FormatName, typer.Option("--format", help="File format.")] = FormatName.png,
    dpi: Annotated[int, typer.Option(min=50, max=1200, help="Resolution, dots per inch.")] = 200,
    width: Annotated[float, typer.Option(min=2, metavar="INCHES", help="Width of a figure.")] = WIDTH,
    colours: Annotated[
        str, typer.Option(metavar="NAME", help="Colours of the maps: a colour map of Matplotlib, such as magma.")
    ] = "viridis",
    style: Annotated[
        str | None, typer.Option(metavar="NAME|FILE", help="Style sheet of Matplotlib, such as dark_background.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace figures that are there.")] = False,
) -> None:
    """Draw the figures of a result: maps and cuts at constant age of each sector, g2 over the lag, the residual of each
    frame, rates over time, correlations of the parameters, and the history of the fit."""
    from ...fit import FitResult
    from ..figures import draw_figures
    from ..figures.style import Look

    path = result / "result.h5" if result.is_dir() else result
    if result.is_dir() and not path.is_file():
        raise FileNotFoundError(
            f"{result} holds no result.h5; expected a folder that `homodyne-eqx fit --output` wrote."
        )
    found = FitResult.load(path, to_view=True)
    folder = output or path.parent / "figures"
    figures = (
        frozenset(entry.name for entry in folder.iterdir() if entry.suffix[1:] in FormatName.__members__)
        if folder.is_dir()
        else frozenset()
    )
    with whole_folder(folder, force, ours=figures) as partial:
        written = draw_figures(found, partial, sector, form.value, dpi, Look(colours, width, style))
        names = [path.name for path in written]
    Console(file=sys.stdout).print(f"wrote {folder}: {', '.join(names)}", highlight=False, markup=False)
