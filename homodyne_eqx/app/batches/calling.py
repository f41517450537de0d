"""`homodyne_eqx.batch`: many files, each fitted by itself, results in folders and a table."""

from collections.abc import Callable, Iterable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...fit import FitResult
from ...physics.model import TwoTimeModel

if TYPE_CHECKING:
    from .how import AbstractHow

Fitted = TwoTimeModel | Callable[[Path], FitResult]
Files = str | PathLike[str] | Iterable[str | PathLike[str]]


def batch(
    how: Fitted,
    files: Files,
    output: str | PathLike[str],
    *,
    workers: int = 1,
    scheduler: str | None = None,
    load: Mapping[str, Any] | None = None,
    fit: Mapping[str, Any] | None = None,
    settings: Any = None,
    figures: bool = True,
    report: bool | None = None,
    retry_failed: bool = False,
    force: bool = False,
    quiet: bool = False,
) -> list[dict[str, Any]]:
    """Fit many files, each separately: a folder with the result of each, `summary.csv` with a row of each, and
    `index.html` with a picture of each. Finished files are not fitted again, so the same call continues after an
    interruption. A file whose content has changed is fitted again; if the settings have changed, all files are.

    **Arguments:**

    - `how`: a model, for `hx.fit(how, hx.load(file, **load), **fit)`; or a function that takes the path of a file and
      returns a `FitResult`.
    - `files`: names, patterns such as `"scans/*.hdf"`, folders, or one of them.
    - `output`: the folder of the batch, made unless it is there.
    - `workers`: the number of files at the same time, each in its own process; 1 uses this process. More than one need
      Dask (the extra `batch`), and in a script a call below `if __name__ == "__main__":`.
    - `scheduler`: address of a Dask cluster, whose workers replace processes on this machine. They must see the same
      files under the same paths, and have one thread each.
    - `load`, `fit`: options of `hx.load` and of `hx.fit`, for a model.
    - `settings`: a text, a number, a list or a dictionary of these. Change it when the results must change although
      files and `how` are the same. The source text of a function is compared, but not the functions that it calls.
    - `figures`, `report`: whether they are drawn; by default the report is drawn if the figures are; `index.html` needs
      jinja2.
    - `retry_failed`: try failed files again although nothing has changed; `force`: fit all files again.
    - `quiet`: print nothing.

    **Returns:** a dictionary for each of the files, with the columns of `summary.csv`, `None` for an empty cell:
    `pandas.DataFrame(rows)`. A file that cannot be read or fitted has the status "failed", and a `message`.

    **Raises:** `FileNotFoundError` for a name without a file; `ValueError` for no worker, and for settings that cannot
    be compared; `FileExistsError` for an output folder that holds other files; `ImportError` without the packages that
    it needs; `ConnectionError` if workers do not start or are lost; `KeyboardInterrupt` after the table is written.
    """
    import sys

    import jax
    from rich.console import Console

    from .files import Given, files_of
    from .start import plan_of, pool_of, run

    by = _how(how, load, fit, settings)
    named = [files] if isinstance(files, str | PathLike) else list(files)
    html = figures if report is None else report
    plan = plan_of(by, Path(output), figures, html, retry_failed=retry_failed, force=force)
    found = files_of([str(each) for each in named])
    pool = pool_of(workers, scheduler, None, jax.numpy.result_type(float) == jax.numpy.float64)
    rows = run(plan, Given(found), pool, Console(file=sys.stdout, quiet=quiet), len(found))
    return [dict(zip(rows, line, strict=True)) for line in zip(*rows.values(), strict=True)]


def _how(how: Any, load: Mapping[str, Any] | None, fit: Mapping[str, Any] | None, stated: Any) -> "AbstractHow":
    from ..fit_settings import FitSettings
    from .how import ByFunction, ByModel, BySettings

    if isinstance(how, TwoTimeModel):
        return ByModel(how, dict(load or {}), dict(fit or {}), stated)
    if load or fit:
        raise ValueError(f"load and fit are for a model; {how!r} loads and fits by itself. Leave them out.")
    if isinstance(how, FitSettings):
        return BySettings(how)
    if not callable(how):
        raise TypeError(f"how is a {type(how).__name__}; expected a model, or a function of a path.")
    return ByFunction(how, stated)
