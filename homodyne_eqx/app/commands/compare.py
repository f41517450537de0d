"""`homodyne-eqx compare`: several models of one file, and which describes it best."""

import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ...fit.result.document import json_text
from .. import options as opt
from ..bad_input import INTERRUPTED, refuses_bad_input
from ..compared_models import folder_of, model_and_rates
from ..fit_settings import FitSettings
from ..model_choice import LOSSES
from ..output_folder import check_output, whole_folder
from ..runtime import set_up_jax
from .fit import NOT_ADEQUATE

_NAMES = "comparison.json"

Models = Annotated[
    list[str],
    typer.Option(
        "--model",
        metavar="NAME",
        help="A model as of `fit`; repeat for more. With :constant or :power-law behind it for its rates, as in "
        "laminar-flow:constant.",
        rich_help_panel=opt.MODEL,
    ),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        metavar="DIR",
        help="Folder for comparison.json and a folder with the result of each model, written whole or not at all.",
        rich_help_panel=opt.OUTPUT,
    ),
]


@refuses_bad_input
def compare(
    file: opt.TwoTimeFile,
    *,
    model: Models,
    settings: FitSettings,
    output: Output = None,
    force: opt.Force = False,
    threads: opt.Threads = None,
    quiet: opt.Quiet = False,
) -> None:
    """Fit several models to the same data, and say which describes them best, and whether the data can tell.

    Those that describe the data, by the verdict of their fit, come first, then the others, each the least AIC first,
    which counts the independent data that correlated noise leaves. A model stands behind a case of it unless χ² falls
    by more than that noise lets it. Every model starts from the data.

    Exit code 0: a model describes the data. 2: bad input. 3: none does. 130: interrupted.
    """
    console = Console(quiet=quiet)
    asked = dict.fromkeys(model)
    if len(asked) < 2:
        raise ValueError(f"--model names {', '.join(asked)}; expected two models or more.")
    of_models = {name: replace(settings, **model_and_rates(name)) for name in asked}
    for each in of_models.values():
        each.documented()
    if output is not None:
        check_output(output, force, _ours(output))
    set_up_jax(threads)
    from ...fit import Ended
    from ...inference import compare as compare_results
    from .. import fitting, report
    from ..fit_file import fit_file
    from ..preparing import prepared

    begun = time.perf_counter()
    ready = prepared(file, settings.preparation(), sigma=settings.sigma, **settings.selection())
    report.print_data(console, ready.data)
    done = {}
    for name, each in of_models.items():
        console.print(f"\n{name}", style="bold", highlight=False, markup=False)
        done[name] = fit_file(file, each, console, quiet, sys.argv[1:], begun, ready)
        if done[name].result.ended == Ended.INTERRUPTED:
            raise typer.Exit(INTERRUPTED)
    results = {name: each.result for name, each in done.items()}
    compared = compare_results(results, loss=LOSSES[settings.loss]())
    console.print(f"\n{compared}", highlight=False, markup=False, soft_wrap=True)
    if output is not None:
        with whole_folder(output, force, _ours(output)) as partial:
            for one in compared:
                of_it = done[one.name]
                fitting.write(
                    partial / folder_of(one.name),
                    of_it.result,
                    of_it.more,
                    force=False,
                    console=console,
                    quiet=True,
                    config=of_it.config,
                )
            document = compared.document()
            document["models"] = [{**one, "folder": folder_of(one["name"])} for one in document["models"]]
            (partial / _NAMES).write_text(json_text(document), encoding="utf-8")
        folders = ", ".join(folder_of(one.name) for one in compared)
        console.print(f"wrote {output}: {_NAMES}, {folders}", highlight=False, markup=False)
    if compared.best.status != "adequate":
        raise typer.Exit(NOT_ADEQUATE)


def _ours(output: Path) -> frozenset[str]:
    """What a former comparison wrote there, which may be replaced: its table, and the folders of results beside it."""
    if not (output / _NAMES).is_file():
        return frozenset({_NAMES})
    return frozenset({_NAMES, *(each.parent.name for each in output.glob("*/result.json"))})
