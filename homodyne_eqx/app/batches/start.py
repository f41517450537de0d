"""The parts of a batch that the command line and Python share: plan, workers, run and last line."""

from pathlib import Path
from typing import Any

from rich.console import Console

from ..output_folder import require_drawing
from .dask_pool import OnDask, Workers, require_dask, threads_for_each
from .files import AbstractFiles
from .how import AbstractHow, fingerprint
from .index_page import INDEX
from .pool import AbstractPool, InProcess
from .progress import BatchProgress
from .running import Plan, Row, run_batch
from .table import CSV, columns_of


def plan_of(how: AbstractHow, output: Path, figures: bool, html: bool, *, retry_failed: bool, force: bool) -> Plan:
    """The plan of a batch. **Raises:** `ImportError` where a package is missing that draws; as `how.settings`."""
    from ... import __version__

    require_drawing(figures, html)
    settings = {"version": __version__, "by": type(how).__name__, **how.settings()}
    return Plan(
        output=output,
        how=how,
        fingerprint=fingerprint(settings),
        settings=settings,
        figures=figures,
        html=html,
        retry_failed=retry_failed,
        again=force,
        page=_has_jinja2(),
    )


def pool_of(workers: int, scheduler: str | None, threads: int | None, float64: bool) -> AbstractPool:
    """The processes that do the work; `threads` of all together, of each worker of a cluster.

    **Raises:** `ValueError` for fewer than one worker; `ImportError` where more than one, or a cluster, lacks Dask.
    """
    if workers < 1:
        raise ValueError(f"workers is {workers}; expected 1 or more.")
    if scheduler is not None:
        require_dask()
        return OnDask(Workers(scheduler=scheduler, threads=threads, float64=float64))
    if workers == 1:
        return InProcess()
    require_dask()
    return OnDask(Workers(workers, threads=threads_for_each(workers, threads), float64=float64))


def run(
    plan: Plan, files: AbstractFiles, pool: AbstractPool, console: Console, total: int | None
) -> dict[str, list[Any]]:
    """Run the batch, with lines and a bar on the console.

    **Returns:** the columns of the table for these files.
    """
    return columns_of(rows_of_run(plan, files, pool, console, total))


def rows_of_run(plan: Plan, files: AbstractFiles, pool: AbstractPool, console: Console, total: int | None) -> list[Row]:
    """Run the batch. **Returns:** the rows of these files. **Raises:** as `run_batch`."""
    progress = BatchProgress(console, total)
    try:
        with progress:
            return run_batch(plan, files, pool, progress)
    finally:
        if plan.output.is_dir():
            written = f"{plan.output / CSV} and {INDEX}" if plan.page else f"{plan.output / CSV}; {INDEX} needs jinja2"
            console.print(f"{progress.total_line()}\nwrote {written}", highlight=False, markup=False, soft_wrap=True)


def _has_jinja2() -> bool:
    try:
        import jinja2  # noqa: F401
    except ImportError:
        return False
    return True
