"""`homodyne-eqx sample`: how all parameters of a result are distributed, given its data, bounds and priors."""

import sys
from typing import Annotated

import typer
from rich.console import Console

from ...fit.result.document import json_text
from .. import options as opt
from ..bad_input import refuses_bad_input
from ..held_output import held_until_written, releases_output
from ..runtime import set_up_jax
from .fit import NOT_ADEQUATE, NOT_CONVERGED
from .profile import NOT_RELIED_ON, Result

_SAMPLER = "Sampler"
Replace = Annotated[bool, typer.Option("--force", help="Replace a former posterior.", rich_help_panel=opt.OUTPUT)]
Pictures = Annotated[bool, typer.Option("--figures/--no-figures", help="Draw it.", rich_help_panel=opt.OUTPUT)]


@refuses_bad_input
@releases_output
def sample(
    result: Result,
    *,
    draws: Annotated[
        int, typer.Option(metavar="N", min=4, help="Draws in each chain.", rich_help_panel=_SAMPLER)
    ] = 500,
    chains: Annotated[
        int, typer.Option(metavar="N", min=2, help="Chains, which are compared.", rich_help_panel=_SAMPLER)
    ] = 2,
    warmup: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            help="Draws before, which set the size of steps; left out.",
            rich_help_panel=_SAMPLER,
        ),
    ] = 150,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the random numbers.", rich_help_panel=_SAMPLER)] = 0,
    force: Replace = False,
    figures: Pictures = True,
    threads: opt.Threads = None,
    quiet: opt.Quiet = False,
    as_json: opt.AsJson = False,
) -> None:
    """Draw the free parameters of a result from their posterior, with the No-U-Turn sampler of NumPyro.

    The draws start at the fit, with the noise of its data, its bounds and its priors. posterior.nc (for
    arviz.from_netcdf), summary.json and a figure go to DIR/posterior/, and a section into DIR/report.html if there is
    one. The command needs the packages of the extra `posterior`.

    Exit code 0: done, and the draws are reliable. 1: the draws are not reliable; the table gives the reason. 2: bad
    input. 3: the model of the fit does not describe the data. 130: interrupted, and nothing is written.
    """
    shown = held_until_written(sys.stderr if as_json else sys.stdout, hold=True)
    console = Console(file=shown, quiet=quiet)
    if figures:
        from ..figures.drawing import require_matplotlib

        require_matplotlib()
    set_up_jax(threads, quiet=quiet)
    from ...inference.posterior import require_sampler, sample as sample_of
    from .. import inferred
    from ..progress import stage
    from ..stored_fit import stored_fit
    from ..stored_report import renew_report

    require_sampler()
    fitted = stored_fit(result)
    inferred.check_posterior(fitted.folder, force)
    with stage(console, f"sampling: {chains} chains of {warmup} + {draws} draws", quiet):
        found = sample_of(fitted.result, draws=draws, chains=chains, warmup=warmup, seed=seed, loss=fitted.loss)
    more = {"warmup": warmup, "seed": seed, "command": sys.argv[1:]}
    inferred.write_posterior(fitted.folder, found, force, more)
    shown.release()
    console.print(str(found), highlight=False, markup=False, soft_wrap=True)
    adequate = fitted.result.verdict.adequate
    if not adequate:
        console.print(f"note: {NOT_RELIED_ON}", style="yellow", markup=False, highlight=False)
    with stage(console, "drawing", quiet):
        if figures:
            inferred.draw_posterior(fitted.folder, found)
        written = [f"posterior/{path.name}" for path in sorted((fitted.folder / "posterior").iterdir())]
        written += renew_report(fitted.folder)
    console.print(f"wrote {fitted.folder}: {', '.join(written)}", highlight=False, markup=False)
    if as_json:
        sys.stdout.write(json_text({**found.document(), **more}, ascii_only=True))
    if not found.reliable:
        raise typer.Exit(NOT_CONVERGED)
    if not adequate:
        raise typer.Exit(NOT_ADEQUATE)
