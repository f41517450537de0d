"""`homodyne-eqx fit`: from a two-time file to parameters."""

import sys
import time
from typing import Annotated, Any

import typer
from rich.console import Console

from ...fit.result.document import json_text
from ...fit.result.numbers import seconds_text
from .. import options as opt
from ..bad_input import INTERRUPTED, refuses_bad_input
from ..configuration import ConfigFile, differs, with_parameters
from ..fit_settings import FitSettings
from ..held_output import held_until_written, releases_output
from ..model_choice import AccumulationName, KernelName, LossName, RatesName, ScalingName
from ..output_folder import check_output, require_drawing
from ..runtime import set_up_jax

NOT_CONVERGED, NOT_ADEQUATE = 1, 3

_START = "Parameters"


@refuses_bad_input
@releases_output
def fit(
    file: opt.TwoTimeFile,
    config: ConfigFile = None,
    model: opt.AnyModel = None,
    kernel: opt.Kernel = KernelName.gap_average,
    rates: opt.Rates = RatesName.power_law,
    diffusion_rates: opt.DiffusionRates = None,
    shear_rates: opt.ShearRates = None,
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
            help="Start value, or for contrast and offset one for each sector, with commas; the others are estimated "
            "from the data.",
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
    start_from: opt.StartFrom = None,
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
    settings = FitSettings(
        model=model,
        kernel=kernel,
        rates=rates,
        diffusion_rates=diffusion_rates,
        shear_rates=shear_rates,
        accumulation=accumulation,
        scaling=scaling,
        q=q,
        phi=phi,
        sector=tuple(sector or ()),
        frames=frames,
        gap=gap,
        sigma=sigma,
        one_time=one_time,
        exclude_frames=exclude_frames,
        exclude_outliers=exclude_outliers,
        exclude_sectors=exclude_sectors,
        repeat=tuple(repeat or ()),
        bin_frames=bin_frames,
        start=tuple(start or ()),
        fix=tuple(fix or ()),
        bound=tuple(bound or ()),
        start_from=start_from,
        loss=loss,
        max_steps=max_steps,
        layout_options=layout_options,
    )
    settings = with_parameters(settings, config)
    settings.documented()
    if output is not None:
        check_output(output, force)
        html = figures if html is None else html
        require_drawing(figures, html)
    set_up_jax(threads)
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
        sys.stdout.write(json_text({**result.to_dict(), **done.more}))
    if not result.converged:
        raise typer.Exit(INTERRUPTED if result.ended == Ended.INTERRUPTED else NOT_CONVERGED)
    if not result.verdict.adequate:
        raise typer.Exit(NOT_ADEQUATE)
