"""`homodyne-eqx profile`: how far a parameter of a result may be from its value, the others at their best."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ...fit.result.document import json_text
from .. import options as opt
from ..bad_input import refuses_bad_input
from ..completion import parameters_of_result
from ..held_output import held_until_written, releases_output
from ..runtime import set_up_jax
from .fit import NOT_ADEQUATE, NOT_CONVERGED

Result = Annotated[Path, typer.Argument(metavar="DIR", help="Folder that `fit` wrote.")]
Parameters = Annotated[
    list[str],
    typer.Option(
        "--parameter",
        metavar="NAME",
        help="A free parameter of the fit, such as alpha or contrast[3]; a second one for the contour of both.",
        autocompletion=parameters_of_result,
        rich_help_panel=opt.PARAMETERS,
    ),
]
Levels = Annotated[
    list[float] | None,
    typer.Option(
        "--level",
        metavar="P",
        help="Probability of an interval or contour, between 0 and 1; repeat for more. 0.68, 0.95, and of intervals "
        "0.99 unless given.",
        rich_help_panel=opt.PARAMETERS,
    ),
]
Replace = Annotated[
    bool, typer.Option("--force", help="Replace a former profile of the same.", rich_help_panel=opt.OUTPUT)
]
NOT_RELIED_ON = "the model of this fit does not describe the data: do not rely on what follows from it"
Pictures = Annotated[bool, typer.Option("--figures/--no-figures", help="Draw it.", rich_help_panel=opt.OUTPUT)]


@refuses_bad_input
@releases_output
def profile(
    result: Result,
    *,
    parameter: Parameters,
    level: Levels = None,
    force: Replace = False,
    figures: Pictures = True,
    threads: opt.Threads = None,
    quiet: opt.Quiet = False,
    as_json: opt.AsJson = False,
) -> None:
    """Intervals of a parameter by its profile likelihood: it is held at one value after the other, and all others are
    fitted again.

    These intervals need not be symmetric, end at bounds and follow valleys. Two parameters give a contour. The numbers
    (JSON) and a figure go to DIR/profiles/, and a section into DIR/report.html if there is one.

    Exit code 0: done. 1: a point did not converge, or χ² is smaller elsewhere than at the end of the fit. 2: bad input.
    3: the model of the fit does not describe the data, so no interval is reliable. 130: interrupted.
    """
    shown = held_until_written(sys.stderr if as_json else sys.stdout, hold=True)
    console = Console(file=shown, quiet=quiet)
    names = list(dict.fromkeys(parameter))
    if len(names) > 2:
        raise ValueError(f"--parameter names {', '.join(names)}; expected one, or two for a contour.")
    wrong = [each for each in level or () if not 0 < each < 1]
    if wrong:
        raise ValueError(f"--level is {wrong[0]:g}; expected a probability between 0 and 1, 0.95 for example.")
    if figures:
        from ..figures.drawing import require_matplotlib

        require_matplotlib()
    set_up_jax(threads, quiet=quiet)
    from ...inference import Profile, profile as profile_of
    from ...inference.profiles.contour import LEVELS as OF_CONTOUR
    from ...inference.profiles.profile import LEVELS as OF_PROFILE
    from .. import inferred
    from ..progress import stage
    from ..stored_fit import stored_fit
    from ..stored_report import renew_report

    fitted = stored_fit(result)
    inferred.check_profile(fitted.folder, names, force)
    levels = tuple(dict.fromkeys(level or (OF_PROFILE if len(names) == 1 else OF_CONTOUR)))
    adequate = fitted.result.verdict.adequate
    with stage(console, f"profiling {' and '.join(names)}, a fit for each point", quiet):
        of = names[0] if len(names) == 1 else names
        found = profile_of(fitted.result, of, to=max(levels), loss=fitted.loss)
    written = [inferred.write_profile(fitted.folder, found, levels)]
    shown.release()
    console.print(found.text(levels), highlight=False, markup=False, soft_wrap=True)
    if not adequate:
        console.print(f"note: {NOT_RELIED_ON}", style="yellow", markup=False, highlight=False)
    with stage(console, "drawing", quiet):
        written += [inferred.draw_profile(written[0], found)] if figures else []
        names_written = [f"{path.parent.name}/{path.name}" for path in written] + renew_report(fitted.folder)
    console.print(f"wrote {fitted.folder}: {', '.join(names_written)}", highlight=False, markup=False)
    if as_json:
        sys.stdout.write(json_text(found.document(levels), ascii_only=True))
    if isinstance(found, Profile) and found.notes:
        raise typer.Exit(NOT_CONVERGED)
    if not adequate:
        raise typer.Exit(NOT_ADEQUATE)
