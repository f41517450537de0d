"""`homodyne-eqx compare`: several models of one file, and the simplest that describes it."""

import sys
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from ...fit.result.document import json_text
from ...physics.minus_sign import with_minus
from .. import options as opt
from ..bad_input import INTERRUPTED, refuses_bad_input
from ..comparison import Compared
from ..fit_settings import FitSettings
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
    """Fit several models to the same data, and name the simplest one that describes them.

    Those that describe the data, by the verdict of their fit, come first, the fewest free parameters first; then the
    others, by how far reduced χ² exceeds what the noise lets expect. Differences of χ² are not tested: the noise of
    speckles is correlated. Every model starts from the data.

    Exit code 0: a model describes the data. 2: bad input. 3: none does. 130: interrupted.
    """
    from ..comparison import compared, conclusion, model_and_rates, ranked

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
    models = ranked([compared(name, each.result) for name, each in done.items()])
    console.print()
    console.print(table_of(models))
    console.print(conclusion(models), highlight=False, markup=False)
    if output is not None:
        with whole_folder(output, force, _ours(output)) as partial:
            for one in models:
                of_it = done[one.name]
                fitting.write(
                    partial / one.folder,
                    of_it.result,
                    of_it.more,
                    force=False,
                    console=console,
                    quiet=True,
                    config=of_it.config,
                )
            document = {"conclusion": conclusion(models), "models": [one.document() for one in models]}
            (partial / _NAMES).write_text(json_text(document), encoding="utf-8")
        console.print(
            f"wrote {output}: {_NAMES}, {', '.join(one.folder for one in models)}", highlight=False, markup=False
        )
    if models[0].status != "adequate":
        raise typer.Exit(NOT_ADEQUATE)


def _ours(output: Path) -> frozenset[str]:
    """What a former comparison wrote there, which may be replaced: its table, and the folders of results beside it."""
    if not (output / _NAMES).is_file():
        return frozenset({_NAMES})
    return frozenset({_NAMES, *(each.parent.name for each in output.glob("*/result.json"))})


def table_of(models: Iterable[Compared]) -> Table:
    """A row for each model; no expectation where its fit did not end at a minimum."""
    from .. import report

    shown = report.table("model", "verdict", "free>", "χ²/dof>", "expected>", "excess>")
    for one in models:
        judged = one.status != "not judged"
        expected = f"{one.expected:.3g} ± {one.spread:.2g}" if judged else "–"
        excess = with_minus(f"{one.excess:.3g} σ") if judged else "–"
        shown.add_row(one.name, one.status, str(one.free), f"{one.reduced_chi2:.4g}", expected, excess)
    return shown
