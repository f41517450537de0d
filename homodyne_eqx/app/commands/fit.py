"""`homodyne-eqx fit`: from a two-time file to parameters."""

import sys
import time
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console

from ...data import TwoTimeData
from ...fit import FitResult
from ...fit.result.document import json_text
from ...fit.result.numbers import seconds_text
from .. import chosen_model, extensions, options as opt
from ..assignments import fixed as fixed_of, intervals, values
from ..bad_input import INTERRUPTED, refuses_bad_input
from ..held_output import held_until_written, releases_output
from ..model_choice import (
    LOSSES,
    AccumulationName,
    KernelName,
    LossName,
    RatesName,
    ScalingName,
)
from ..output_folder import check_output
from ..runtime import set_up_jax

NOT_CONVERGED, NOT_ADEQUATE = 1, 3

_START = "Parameters"


@refuses_bad_input
@releases_output
def fit(
    file: opt.TwoTimeFile,
    model: opt.AnyModel = None,
    kernel: opt.Kernel = KernelName.gap_average,
    rates: opt.Rates = RatesName.power_law,
    accumulation: opt.Accumulation = AccumulationName.trapezoid,
    scaling: opt.Scaling = ScalingName.per_sector,
    q: opt.QRange = None,
    phi: opt.PhiRange = None,
    sector: opt.Sectors = None,
    frames: opt.Frames = None,
    gap: opt.Gap = None,
    sigma: opt.Sigma = None,
    one_time: opt.OneTime = False,
    exclude_frames: opt.ExcludeFrames = None,
    exclude_outliers: opt.ExcludeOutliers = False,
    exclude_sectors: opt.ExcludeSectors = None,
    repeat: opt.Repeats = None,
    bin_frames: opt.BinFrames = None,
    start: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="Start value; the others are estimated from the data.",
            rich_help_panel=_START,
        ),
    ] = None,
    fix: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[=VALUE]", help="Fix a parameter, at VALUE or at its start value.", rich_help_panel=_START
        ),
    ] = None,
    bound: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=LO:HI",
            help="Keep a parameter between LO and HI; without one of them there is no bound on that side.",
            rich_help_panel=_START,
        ),
    ] = None,
    loss: Annotated[
        LossName,
        typer.Option(
            metavar="NAME",
            help="squares; or soft-l1, huber, cauchy, on which outliers have less influence.",
            rich_help_panel=_START,
        ),
    ] = LossName.squares,
    max_steps: Annotated[int, typer.Option(min=1, help="Largest number of steps.", rich_help_panel=_START)] = 200,
    output: opt.Output = None,
    force: opt.Force = False,
    figures: opt.Figures = True,
    html: opt.Report = None,
    threads: opt.Threads = None,
    quiet: opt.Quiet = False,
    as_json: opt.AsJson = False,
    **layout_options: Any,
) -> None:
    """Fit a two-time file by least squares, each pair of frames counted once; or the one-time g2 that a file holds.

    Ctrl-C ends the fit with the best parameters so far; they are written and marked as interrupted.

    Exit code 0: converged, and the model describes the data. 1: not converged. 2: bad input. 3: converged, but the
    model does not describe the data. 130: interrupted.
    """
    begun = time.perf_counter()
    shown = held_until_written(sys.stderr if as_json else sys.stdout, hold=output is not None)
    console = Console(file=shown, quiet=quiet)
    documented = chosen_model.documented(model, kernel, accumulation, rates, scaling)
    assigned = None
    if model is not None and documented is not None:
        assigned = _assigned(start or (), fix or (), bound or (), documented.names)
    if output is not None:
        check_output(output, force)
        html = figures if html is None else html
        require_drawing(figures, html)
    set_up_jax(threads)
    from ...fit import Ended
    from .. import fitting, report
    from ..found_in_data import document_of
    from ..model_choice import check_geometry
    from ..preparing import Preparation, prepared

    steps = Preparation(repeat or (), exclude_sectors, exclude_frames, exclude_outliers, bin_frames)
    selection = {"q": q, "phi": phi, "sectors": sector, "frames": frames, "gap": gap, "one_time": one_time}
    ready = prepared(file, steps, sigma=sigma, **selection, **layout_options)
    data = ready.data
    read = time.perf_counter() - begun
    report.print_data(console, data)
    for excluded, remaining in zip(ready.excluded, ready.remaining, strict=True):
        report.print_found(console, excluded, remaining)
    if isinstance(data, TwoTimeData):
        choice = chosen_model.of_maps(model, documented, data)
        check_geometry(choice, data)
    else:
        choice = chosen_model.of_pairs(model, documented, data, scaling)
    if isinstance(choice, extensions.InstalledModel):
        assigned = _assigned(*(choice.by_name(each or ()) for each in (start, fix, bound)), choice.names)
    elif assigned is None:
        assigned = _assigned(start or (), fix or (), bound or (), choice.names)
    given, fixed, bounds = assigned
    all_fixed = tuple(dict.fromkeys((*choice.fixed, *fixed)))
    job = fitting.Job(choice, data, given, all_fixed, bounds, LOSSES[loss](), max_steps)
    start_point = fitting.start_of(job)
    report.print_start(console, choice, start_point, dict.fromkeys(all_fixed))
    result = fitting.run(job, start_point, console, quiet)
    spent = {"reading": read, **result.seconds_spent}
    more = {
        **asked_for(result),
        **report.rate_law_of(result),
        "start_from": start_point.sources,
        "start_notes": list(start_point.notes),
        "found_and_excluded": document_of(ready.excluded),
        "found_and_kept": document_of(ready.remaining),
        "seconds_spent": spent,
    }
    names: list[str] = []
    if output is not None:
        writing = time.perf_counter()
        names = fitting.write(output, result, more, force=force, console=console, quiet=quiet)
        spent["writing"] = time.perf_counter() - writing
    shown.release()
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
        sys.stdout.write(json_text({**result.to_dict(), **more}))
    if not result.converged:
        raise typer.Exit(INTERRUPTED if result.ended == Ended.INTERRUPTED else NOT_CONVERGED)
    if not result.verdict.adequate:
        raise typer.Exit(NOT_ADEQUATE)


def _assigned(
    start: Sequence[str], fix: Sequence[str], bound: Sequence[str], names: Sequence[str]
) -> tuple[dict[str, float], tuple[str, ...], Mapping[str, tuple[float | None, float | None]]]:
    """Start values, names of fixed parameters, and bounds, from the options.

    **Raises:** `ValueError` for unknown names, what is no number, and values given twice.
    """
    given = values("--start", start, names)
    fixed = fixed_of("--fix", fix, names)
    twice = sorted(given.keys() & {name for name, value in fixed.items() if value is not None})
    if twice:
        raise ValueError(f"--start and --fix both give {', '.join(twice)} a value; expected one of them.")
    given |= {name: value for name, value in fixed.items() if value is not None}
    return given, tuple(fixed), intervals("--bound", bound, names)


def require_drawing(figures: bool, html: bool) -> None:
    """**Raises:** `ImportError` with the remedy where a package is missing, before anything is computed."""
    if figures:
        from ..figures.drawing import require_matplotlib

        require_matplotlib()
    if html:
        from ..html_report.report import require_report

        require_report()


def asked_for(result: FitResult) -> Mapping[str, Any]:
    """What `result.json` holds beside the result: the input with its checksum, and the command."""
    if result.data is None:
        return {"command": sys.argv[1:]}
    source = result.data.provenance
    known = {"path": source.path, "format": source.format, "sha256": source.sha256, "frames": source.frames}
    return {"input": known, "command": sys.argv[1:]}
