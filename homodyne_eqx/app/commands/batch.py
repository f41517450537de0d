"""`homodyne-eqx batch`: from a folder of files to a table."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from .. import options as opt
from ..bad_input import BAD_INPUT, refuses_bad_input
from ..configuration import ConfigFile, option_values, with_parameters
from ..fit_settings import FitSettings
from ..runtime import set_up_jax
from .fit import NOT_ADEQUATE, NOT_CONVERGED

_MANY = "Batch"


@refuses_bad_input
def batch(
    files: Annotated[
        list[str],
        typer.Argument(metavar="FILE...", help="Files, patterns such as 'scans/*.hdf', or folders."),
    ],
    *,
    config: ConfigFile = None,
    settings: FitSettings,
    output: Annotated[
        Path,
        typer.Option(
            metavar="DIR",
            help="Folder for summary.csv, index.html and a folder for each file, with the files of `fit --output`. "
            "Files with a result there are not fitted again.",
            rich_help_panel=opt.OUTPUT,
        ),
    ],
    workers: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=1,
            help="Fit N files at once, each in a process of its own, by Dask.",
            rich_help_panel=_MANY,
        ),
    ] = 1,
    scheduler: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Use the workers of a Dask cluster that runs, such as tcp://node17:8786.",
            rich_help_panel=_MANY,
        ),
    ] = None,
    retry_failed: Annotated[
        bool,
        typer.Option("--retry-failed", help="Try again the files that failed before.", rich_help_panel=_MANY),
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Do all files again, done or not.", rich_help_panel=_MANY)
    ] = False,
    watch: Annotated[
        bool,
        typer.Option(
            "--watch",
            help="Wait for more files in the folders and of the patterns, and fit each when it is complete, to Ctrl-C.",
            rich_help_panel=_MANY,
        ),
    ] = False,
    idle: Annotated[
        float | None,
        typer.Option(
            metavar="SECONDS",
            min=0.0,
            help="With --watch: end after so long without a new file.",
            rich_help_panel=_MANY,
        ),
    ] = None,
    figures: opt.Figures = True,
    html: opt.Report = None,
    threads: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="Use at most N threads, all workers together; all cores by default. Of a cluster: each worker.",
            rich_help_panel=opt.OUTPUT,
        ),
    ] = None,
    quiet: opt.Quiet = False,
) -> None:
    """Fit many files, each by itself and all with the same settings, into one table.

    After a stop the same command continues with the remaining files. A file is fitted again if its content has changed,
    and all files if the settings have changed. A bad file becomes a row of the table; the other files are still fitted.

    Exit code, the most serious of the named files: 2: bad input, or a file failed. 1: a fit did not converge. 3: a
    model does not describe the data. 0: all are adequate. 130: interrupted; with --watch this is the usual end.
    """
    if idle is not None and not watch:
        raise ValueError("--idle is given without --watch; expected both, or none.")
    settings = with_parameters(settings, config)
    if config is not None and option_values(config).get("repeat"):
        raise ValueError("The configuration has repeats, and a batch fits each file by itself. Leave them out.")
    settings.documented()
    set_up_jax(threads, quiet=quiet)
    from ..batches.files import Given, Watched, files_of
    from ..batches.how import BySettings
    from ..batches.running import worst
    from ..batches.start import plan_of, pool_of, rows_of_run
    from ..batches.table import Status

    html = figures if html is None else html
    plan = plan_of(BySettings(settings), output, figures, html, retry_failed=retry_failed, force=force)
    named = None if watch else files_of(files)
    source = Watched(files, idle) if named is None else Given(named)
    pool = pool_of(workers, scheduler, threads, True)
    console = Console(file=sys.stdout, quiet=quiet)
    rows = rows_of_run(plan, source, pool, console, None if named is None else len(named))
    codes = {Status.inadequate: NOT_ADEQUATE, Status.not_converged: NOT_CONVERGED, Status.failed: BAD_INPUT}
    if code := codes.get(worst(rows)):
        raise typer.Exit(code)
