"""`homodyne-eqx compare`: several models of one file, and which describes it best."""

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from ...fit.result.document import json_text
from .. import options as opt
from ..bad_input import INTERRUPTED, refuses_bad_input
from ..compared_models import folder_of, settings_of_models
from ..completion import models as all_models
from ..configuration import ConfigFile, with_parameters
from ..fit_settings import FitSettings
from ..held_output import held_until_written, releases_output
from ..model_choice import LOSSES
from ..output_folder import check_output, require_drawing, whole_folder
from ..runtime import set_up_jax
from .fit import NOT_ADEQUATE

_NAMES, _PAGE, _PICTURE = "comparison.json", "comparison.html", "comparison.png"

Models = Annotated[
    list[str],
    typer.Option(
        "--model",
        metavar="NAME",
        help="A model as of `fit`; repeat for more. With :constant, :power-law or :spline behind it for its rates: "
        "laminar-flow:constant.",
        autocompletion=all_models,
        rich_help_panel=opt.MODEL,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        metavar="DIR",
        help="Folder for comparison.json and a folder with the result of each model, written whole or not at all "
        "before anything is shown; then comparison.html, comparison.png, and a report of each model.",
        rich_help_panel=opt.OUTPUT,
    ),
]
Figures = Annotated[
    bool, typer.Option("--figures/--no-figures", help="Draw data and models.", rich_help_panel=opt.OUTPUT)
]
Report = Annotated[
    bool | None,
    typer.Option(
        "--report/--no-report",
        help="Write comparison.html and a report of each model; as with the figure unless given.",
        rich_help_panel=opt.OUTPUT,
    ),
]


@refuses_bad_input
@releases_output
def compare(
    file: opt.TwoTimeFile,
    *,
    config: ConfigFile = None,
    models: Models,
    settings: FitSettings,
    output: Output = None,
    force: opt.Force = False,
    figures: Figures = True,
    html: Report = None,
    threads: opt.Threads = None,
    quiet: opt.Quiet = False,
    as_json: opt.AsJson = False,
) -> None:
    """Fit several models to the same data, find the best one, and list the models that the data cannot distinguish.

    Models that describe the data, by the verdict of their fit, come first, then the others. Within each group the
    smallest AIC comes first; it allows for correlated noise. A model comes after a special case of it unless χ² falls
    by more than the noise explains. The start of every model is estimated from the data. --start, --fix and --bound
    apply to the models that have the parameter. All settings of --config apply, except the name of the model.

    Exit code 0: a model describes the data. 2: bad input. 3: no model describes the data. 130: interrupted.
    """
    shown = held_until_written(sys.stderr if as_json else sys.stdout, hold=output is not None)
    console = Console(file=shown, quiet=quiet)
    asked = list(dict.fromkeys(models))
    if len(asked) < 2:
        raise ValueError(f"--model names {', '.join(asked)}; expected two models or more.")
    settings = with_parameters(settings, config)
    settings_of_models(settings, asked, None)
    if output is not None:
        check_output(output, force, _ours(output))
        html = figures if html is None else html
        require_drawing(figures, html)
    set_up_jax(threads, quiet=quiet)
    from ...fit import Ended
    from ...inference import compare as compare_results
    from .. import fitting, report
    from ..fit_file import fit_file
    from ..preparing import prepared

    begun = time.perf_counter()
    ready = prepared(file, settings.preparation(), sigma=settings.sigma, **settings.selection())
    report.print_data(console, ready.data)
    done = {}
    for name, each in settings_of_models(settings, asked, ready.data).items():
        console.print(f"\n{name}", style="bold", highlight=False, markup=False)
        done[name] = fit_file(file, each, console, quiet, sys.argv[1:], begun, ready)
        if done[name].result.ended == Ended.INTERRUPTED:
            raise typer.Exit(INTERRUPTED)
    compared = compare_results({name: each.result for name, each in done.items()}, loss=LOSSES[settings.loss]())
    document = compared.document()
    document["models"] = [{**one, "folder": folder_of(one["name"])} for one in document["models"]]
    written: list[str] = []
    if output is not None:
        with whole_folder(output, force, _ours(output)) as partial:
            for one in compared:
                of_it, folder = done[one.name], partial / folder_of(one.name)
                options: dict[str, Any] = {"force": False, "console": console, "quiet": True, "config": of_it.config}
                fitting.write(folder, of_it.result, of_it.more, **options)
            (partial / _NAMES).write_text(json_text(document), encoding="utf-8")
        written = [_NAMES, *(f"{folder_of(one.name)}/" for one in compared)]
    shown.release()
    console.print(f"\n{compared}", highlight=False, markup=False, soft_wrap=True)
    if output is not None:
        results = {one.name: one.result for one in compared}
        written += _draw(output, compared, results, figures, bool(html), console, quiet)
        console.print(f"wrote {output}: {', '.join(written)}", highlight=False, markup=False)
    if as_json:
        sys.stdout.write(json_text(document, ascii_only=True))
    if compared.best.status != "adequate":
        raise typer.Exit(NOT_ADEQUATE)


def _draw(
    output: Path,
    compared: Any,
    results: Mapping[str, Any],
    figures: bool,
    html: bool,
    console: Console,
    quiet: bool,
) -> list[str]:
    """The picture, the page and the reports. **Returns:** names of files."""
    from .. import fitting
    from ..figures.compared import compared_figure
    from ..html_report.comparison import write_comparison
    from ..progress import stage

    names = []
    if figures:
        with stage(console, "drawing", quiet):
            compared_figure(results).savefig(output / _PICTURE)
        names.append(_PICTURE)
    if html:
        how: dict[str, Any] = {"command": sys.argv[1:], "console": console, "quiet": quiet}
        for name, result in results.items():
            fitting.draw(output / folder_of(name), result, figures=False, html=True, **how)
        links = {name: f"{folder_of(name)}/report.html" for name in results}
        picture = (output / _PICTURE).read_bytes() if figures else None
        write_comparison(compared, output / _PAGE, links, picture, sys.argv[1:])
        names.append(_PAGE)
    return names


def _ours(output: Path) -> frozenset[str]:
    """The names of an earlier comparison, which may be replaced: its own files, and folders of results."""
    if not (output / _NAMES).is_file():
        return frozenset({_NAMES})
    return frozenset({_NAMES, _PAGE, _PICTURE, *(each.parent.name for each in output.glob("*/result.json"))})
