"""`homodyne-eqx demo`: the main job on the data that come with the package."""

import sys
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ...fit.result.numbers import reduced_chi2_text, seconds_text
from .. import options as opt
from ..bad_input import INTERRUPTED, refuses_bad_input
from ..configuration import resolved_toml
from ..fit_settings import FitSettings
from ..held_output import held_until_written, releases_output
from ..model_choice import AccumulationName, KernelName, ModelChoice, ModelName, RatesName
from ..output_folder import check_output, require_drawing
from ..runtime import set_up_jax
from .fit import NOT_ADEQUATE, NOT_CONVERGED

_DEFAULT = "homodyne-eqx-demo"


@refuses_bad_input
@releases_output
def demo(
    output: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help=f"Folder for the results; `{_DEFAULT}`, or the next free number, unless given."
        ),
    ] = None,
    force: opt.Force = False,
    figures: opt.Figures = True,
    html: opt.Report = None,
    threads: opt.Threads = None,
    quiet: opt.Quiet = False,
) -> None:
    """Fit the bundled sheared colloid, whose truth is known, with both shear kernels.

    Eight azimuths × 150 frames, simulated from particles with no correlation model. The rates are constant. The average
    over the gap returns the simulated shear rate; the documented sinc² form one that is 2.2 to 2.3 times larger.
    """
    begun = time.perf_counter()
    shown = held_until_written(sys.stdout, hold=True)
    console = Console(file=shown, quiet=quiet)
    folder = output or _next_free(Path(_DEFAULT))
    check_output(folder, force)
    html = figures if html is None else html
    require_drawing(figures, html)
    set_up_jax(threads, quiet=quiet)
    from ... import datasets
    from ...fit import Ended
    from .. import fitting, report
    from ..fit_file import asked_for

    data, truth = datasets.sheared_colloid(), datasets.SHEARED_COLLOID_TRUTH
    report.print_data(console, data)
    choice = ModelChoice(ModelName.laminar_flow, KernelName.gap_average, AccumulationName.trapezoid, RatesName.constant)
    job = fitting.Job(choice, data, title="average over the gap")
    start = fitting.start_of(job)
    report.print_start(console, choice, start, choice.fixed)
    result = fitting.run(job, start, console, quiet)
    simulated = {
        "D0": truth["J"],
        "gamma_dot_t0": truth["shear_rate"],
        "phi0": truth["phi0"],
        "mean J": truth["J"],
        "mean D_SE = J/2": truth["stokes_einstein"],
        "mean shear rate": truth["shear_rate"],
    }
    writing = time.perf_counter()
    more = {**asked_for(result, sys.argv[1:]), "seconds_spent": result.seconds_spent}
    settings = FitSettings(ModelName.laminar_flow.value, rates=RatesName.constant)
    source = data.provenance
    config = resolved_toml(Path(str(source.path)), settings, choice, start.values, tuple(choice.fixed), {}, source)
    names = fitting.write(folder, result, more, force=force, console=console, quiet=quiet, config=config)
    written = time.perf_counter() - writing
    shown.release()
    report.print_result(console, result, simulated)
    console.print(
        "σ is the scatter at far lags; pairs within the decay are noisier, so a true model has a reduced χ² above 1.",
        style="dim",
    )
    drawing = time.perf_counter()
    names += fitting.draw(
        folder, result, figures=figures, html=html, command=sys.argv[1:], console=console, quiet=quiet
    )
    drawn = time.perf_counter() - drawing
    report.print_sectors(console, result)
    documented = ModelChoice(
        ModelName.laminar_flow, KernelName.sinc_squared, AccumulationName.trapezoid, RatesName.constant
    )
    again = fitting.Job(documented, data, title="documented sinc²")
    other = fitting.run(again, fitting.start_of(again), console, quiet)
    _compare(console, result, other, truth["shear_rate"])
    both = [each.seconds_spent for each in (result, other)]
    spent = {f"{name} (both fits)": sum(each[name] for each in both) for name in both[0]}
    spent |= {"writing": written, "drawing": drawn, "all": time.perf_counter() - begun}
    console.print(f"wrote {folder}: {', '.join(names)}", highlight=False, markup=False)
    console.print(
        ", ".join(f"{name} {seconds_text(seconds)}" for name, seconds in spent.items()), style="dim", highlight=False
    )
    endings = {result.ended, other.ended}
    if endings != {Ended.CONVERGED}:
        raise typer.Exit(INTERRUPTED if Ended.INTERRUPTED in endings else NOT_CONVERGED)
    if not result.verdict.adequate:
        raise typer.Exit(NOT_ADEQUATE)


def _compare(console: Console, result, other, simulated: float) -> None:
    from .. import report

    shown = report.table("kernel", "shear rate (s⁻¹)>", "÷ simulated>", "reduced χ²>")
    for each in (result, other):
        rate = each.derived["mean shear rate"].value
        reduced = reduced_chi2_text(each.reduced_chi2, each.degrees_of_freedom)
        shown.add_row(each.kernel, f"{rate:.4g}", f"{rate / simulated:.3f}", reduced)
    console.print(shown)
    console.print(
        "SincSquared is the documented form of the shear factor; it needs a larger rate for the same decay.",
        style="dim",
    )


def _next_free(path: Path) -> Path:
    """The path, or the first of path-2, path-3, … that does not exist."""
    number, free = 1, path
    while free.exists():
        number += 1
        free = path.with_name(f"{path.name}-{number}")
    return free
