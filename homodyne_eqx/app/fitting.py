"""A fit from start to written results, for the commands that do one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ..data import OneTimeData, PairData, TwoTimeData
from ..engine.losses import AbstractLoss, Squares
from ..fit import FitResult, estimate, fit
from ..fit.free_parameters import choose_free
from ..fit.result.table import in_python
from ..fit.starts.steady_motion import SteadyMotion, steady_motion
from ..physics.parameter_names import named_leaves
from .extensions import InstalledModel
from .figures import draw_figures
from .figures.panels import panels_of
from .html_report import write_report
from .model_choice import FIXED_WHEN_CONSTANT, KERNELS, ModelChoice, Start, moved_inside, start_values
from .output_folder import whole_folder
from .progress import FitProgress, stage
from .report import in_flags


@dataclass(frozen=True)
class Job:
    """A model and the data to which it is fitted.

    - `choice`: the model; `data`; `given`: start values by name; `fixed`: names that stay where they start;
    - `bounds`, `loss`, `max_steps`, `weights`: as of `homodyne_eqx.fit`; `title`: what the progress is headed with.
    """

    choice: ModelChoice | InstalledModel
    data: TwoTimeData | OneTimeData | PairData
    given: Mapping[str, float | tuple[float, ...]] = field(default_factory=dict)
    fixed: tuple[str, ...] = ()
    bounds: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    loss: AbstractLoss = Squares()
    max_steps: int = 200
    weights: str = "independent"
    title: str = "fit"


def start_of(job: Job) -> Start:
    """The start of the fit: given values; otherwise an estimate from the data, or values of an installed model."""
    if isinstance(job.choice, InstalledModel):
        start = job.choice.start(job.given)
        return start if job.choice.search is None else _searched(job, start, job.choice.search)
    assert isinstance(job.data, TwoTimeData)
    guess: SteadyMotion | None = None
    if not set(job.choice.names) <= {*job.given, *FIXED_WHEN_CONSTANT}:
        guess = steady_motion(job.data, KERNELS[job.choice.kernel] if job.choice.sheared else None)
    return start_values(job.choice, job.data, job.given, guess, job.bounds)


def _searched(job: Job, start: Start, search: Mapping[str, tuple[float, float]]) -> Start:
    """The start with all that is neither given nor held searched for in the data."""
    names = job.choice.names
    known = [name for name in names if start.sources[name] != "estimated"]
    bounds = {name: ends for name, ends in {**search, **job.bounds}.items() if name not in known}
    beginning = job.choice.build(
        {name: moved_inside(start.values[name], *bounds.get(name, (None, None))) for name in names}
    )
    if set(known) >= {leaf.name for leaf in named_leaves(beginning) if leaf.free}:
        return start
    found = estimate(beginning, job.data, fixed=known, bounds=bounds)
    return replace(start, values={leaf.name: np.asarray(leaf.value, float) for leaf in named_leaves(found)})


def run(job: Job, start: Start, console: Console, quiet: bool) -> FitResult:
    """Fit, with progress on the console."""
    model = job.choice.build(start.values)
    fixed = tuple(dict.fromkeys((*job.choice.fixed, *job.fixed)))
    free = choose_free(model, None, fixed, job.bounds).free
    settings = {name: getattr(job, name) for name in ("bounds", "loss", "max_steps", "weights")}
    options: dict[str, Any] = {"fixed": fixed, **settings}
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
    console: Console,
    quiet: bool,
    config: str | None = None,
) -> list[str]:
    """The files of the result (and `more` in its JSON file), whole or not at all.

    **Arguments:** `config`: the text of `config.toml`.

    **Returns:** names of the files.
    """
    with whole_folder(folder, force) as partial, stage(console, "writing maps", quiet):
        result.save(partial, more=more)
        if config is not None:
            (partial / "config.toml").write_text(config, encoding="utf-8")
        return sorted(path.name for path in partial.iterdir())


def draw(
    folder: Path,
    result: FitResult,
    *,
    figures: bool,
    html: bool,
    command: Sequence[str] | None,
    console: Console,
    quiet: bool,
    dpi: int = 200,
) -> list[str]:
    """Figures and report into the folder of a written result.

    **Arguments:** `command`: what was typed, to be stated in the report; `None` where the fit was made in Python, in
    whose words the report then says what can be done; `dpi`: of the figures.

    **Returns:** names of the files.
    """
    panels = panels_of(result) if (figures or html) and isinstance(result.data, TwoTimeData) else None
    names = []
    if html:
        with stage(console, "writing the report", quiet):
            words = in_python if command is None else in_flags
            write_report(result, folder / "report.html", command=command, in_words=words, panels=panels)
        names.append("report.html")
    if figures:
        with whole_folder(folder / "figures") as partial, stage(console, "drawing figures", quiet):
            names += [f"figures/{path.name}" for path in draw_figures(result, partial, panels=panels, dpi=dpi)]
    return names
