"""`homodyne-eqx fit`: from a two-time file to parameters."""

import sys
import time

import typer
from rich.console import Console

from ...fit.result.document import json_text
from ...fit.result.numbers import seconds_text
from .. import options as opt
from ..bad_input import INTERRUPTED, refuses_bad_input
from ..configuration import ConfigFile, differs, with_parameters
from ..fit_settings import FitSettings
from ..held_output import held_until_written, releases_output
from ..output_folder import check_output, require_drawing
from ..runtime import set_up_jax

NOT_CONVERGED, NOT_ADEQUATE = 1, 3


@refuses_bad_input
@releases_output
def fit(
    file: opt.TwoTimeFile,
    *,
    config: ConfigFile = None,
    settings: FitSettings,
    output: opt.Output = None,
    force: opt.Force = False,
    figures: opt.Figures = True,
    html: opt.Report = None,
    threads: opt.Threads = None,
    quiet: opt.Quiet = False,
    as_json: opt.AsJson = False,
) -> None:
    """Fit a two-time file by least squares, each pair of frames counted once; or the one-time g2 that a file holds.

    Ctrl-C ends the fit with the best parameters so far; they are written and marked as interrupted.

    Exit code 0: converged, and the model describes the data. 1: not converged. 2: bad input. 3: converged, but the
    model does not describe the data. 130: interrupted.
    """
    begun = time.perf_counter()
    shown = held_until_written(sys.stderr if as_json else sys.stdout, hold=output is not None)
    console = Console(file=shown, quiet=quiet)
    settings = with_parameters(settings, config)
    settings.documented()
    if output is not None:
        check_output(output, force)
        html = figures if html is None else html
        require_drawing(figures, html)
    set_up_jax(threads, quiet=quiet)
    from ...fit import Ended
    from .. import fitting, report
    from ..fit_file import fit_file

    done = fit_file(file, settings, console, quiet, sys.argv[1:], begun)
    result, spent = done.result, done.spent
    names: list[str] = []
    if output is not None:
        writing = time.perf_counter()
        names = fitting.write(output, result, done.more, force=force, console=console, quiet=quiet, config=done.config)
        spent["writing"] = time.perf_counter() - writing
    shown.release()
    if result.data is not None and differs(config, result.data.provenance.sha256):
        console.print("note: --config was written by a fit of another file; this one started there.", style="yellow")
    report.print_result(console, result)
    report.print_rate_law(console, result)
    report.print_sectors(console, result)
    if output is not None:
        drawing = time.perf_counter()
        names += fitting.draw(
            output, result, figures=figures, html=bool(html), command=sys.argv[1:], console=console, quiet=quiet
        )
        spent["drawing"] = time.perf_counter() - drawing
        console.print(f"wrote {output}: {', '.join(names)}", highlight=False, markup=False)
    else:
        console.print("nothing is written without --output DIR", style="dim")
    console.print(
        ", ".join(f"{name} {seconds_text(seconds)}" for name, seconds in spent.items()), style="dim", highlight=False
    )
    if as_json:
        sys.stdout.write(json_text({**result.to_dict(), **done.more}, ascii_only=True))
    if not result.converged:
        raise typer.Exit(INTERRUPTED if result.ended == Ended.INTERRUPTED else NOT_CONVERGED)
    if not result.verdict.adequate:
        raise typer.Exit(NOT_ADEQUATE)
