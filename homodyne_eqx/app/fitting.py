"""A fit from start to written results, for the commands that do one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console

from ..data import OneTimeData, PairData, TwoTimeData
from ..data.result_file import load_result_arrays
from ..engine.losses import AbstractLoss, Squares
from ..fit import FitResult, fit
from ..fit.free_parameters import choose_free
from ..fit.starts.steady_motion import SteadyMotion, steady_motion
from .extensions import InstalledModel
from .figures import draw_figures
from .model_choice import FIXED_WHEN_CONSTANT, KERNELS, ModelChoice, Start, start_values
from .output_folder import whole_folder
from .progress import FitProgress, stage


@dataclass(frozen=True)
class Job:
    """What to fit to what.

    - `choice`: the model; `data`; `given`: start values by name; `fixed`: names that stay where they start;
    - `bounds`, `loss`, `max_steps`: as of `homodyne_eqx.fit`; `title`: what the progress is headed with.
    """

    choice: ModelChoice | InstalledModel
    data: TwoTimeData | OneTimeData | PairData
    given: Mapping[str, float] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    bounds: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    loss: AbstractLoss = Squares()
    max_steps: int = 200
    title: str = "fit"


def start_of(job: Job) -> Start:
    """Where the fit starts: given values; for the others an estimate from the data, or what an installed model says."""
    if isinstance(job.choice, InstalledModel):
        return job.choice.start(job.given)
    assert isinstance(job.data, TwoTimeData)
    guess: SteadyMotion | None = None
    if not set(job.choice.names) <= {*job.given, *FIXED_WHEN_CONSTANT}:
        guess = steady_motion(job.data, KERNELS[job.choice.kernel] if job.choice.sheared else None)
    return start_values(job.choice, job.data, job.given, guess, job.bounds)


def run(job: Job, start: Start, console: Console, quiet: bool) -> FitResult:
    """Fit, with progress on the console."""
    model = job.choice.build(start.values)
    fixed = tuple(dict.fromkeys((*job.choice.fixed, *job.fixed)))
    free = choose_free(model, None, fixed, job.bounds).free
    options: dict[str, Any] = {"fixed": fixed, "bounds": job.bounds, "loss": job.loss, "max_steps": job.max_steps}
    if quiet:
        return fit(model, job.data, **options)
    with FitProgress(console, job.title, free) as progress:
        return fit(model, job.data, **options, callback=progress)


def write(
    folder: Path,
    result: FitResult,
    more: Mapping[str, Any],
    *,
    force: bool,
    figures: bool,
    console: Console,
    quiet: bool,
) -> list[str]:
    """The files of the result (and `more` in its JSON file) and the figures, whole or not at all.

    **Returns:** names of the files.
    """
    with whole_folder(folder, force) as partial:
        with stage(console, "writing maps", quiet):
            result.save(partial, more=more)
        if figures:
            with stage(console, "drawing figures", quiet):
                draw_figures(load_result_arrays(partial / "result.h5"), partial / "figures")
        return sorted(str(path.relative_to(partial)) for path in partial.rglob("*") if path.is_file())
