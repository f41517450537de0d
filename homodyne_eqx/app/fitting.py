"""A fit from start to written results, for the commands that do one."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import equinox as eqx
import jax
import numpy as np
from rich.console import Console

from ..data import TwoTimeData
from ..data.result_file import ResultArrays, load_result_arrays, save_result_arrays
from ..data.two_time import sector_arrays
from ..engine.losses import AbstractLoss, Squares
from ..fit import FitResult, fit
from ..fit.free_parameters import choose_free
from ..fit.starts.estimate import Estimate, estimate
from ..physics.dense_map import two_time_map
from ..physics.geometry import Geometry
from ..physics.model import TwoTimeModel
from .extensions import InstalledModel
from .figures import draw_figures
from .model_choice import HELD_WHEN_CONSTANT, KERNELS, ModelChoice, Start, start_values
from .output_folder import whole_folder
from .progress import FitProgress, stage


@dataclass(frozen=True)
class Job:
    """What to fit to what.

    - `choice`: the model; `data`; `given`: start values by name; `held`: names that stay where they start;
    - `bounds`, `loss`, `max_steps`: as of `homodyne_eqx.fit`; `title`: what the progress is headed with.
    """

    choice: ModelChoice | InstalledModel
    data: TwoTimeData
    given: Mapping[str, float] = field(default_factory=dict)
    held: tuple[str, ...] = ()
    bounds: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)
    loss: AbstractLoss = Squares()
    max_steps: int = 200
    title: str = "fit"


def start_of(job: Job) -> Start:
    """Where the fit starts: given values; for the others an estimate from the data, or what an installed model says."""
    if isinstance(job.choice, InstalledModel):
        return job.choice.start(job.given)
    guess: Estimate | None = None
    if not set(job.choice.names) <= {*job.given, *HELD_WHEN_CONSTANT}:
        guess = estimate(job.data, KERNELS[job.choice.kernel] if job.choice.sheared else None)
    return start_values(job.choice, job.data, job.given, guess, job.bounds)


def run(job: Job, start: Start, console: Console, quiet: bool) -> FitResult:
    """Fit, with progress on the console."""
    model = job.choice.build(start.values)
    fixed = tuple(dict.fromkeys((*job.choice.held, *job.held)))
    free = choose_free(model, None, fixed, job.bounds).free
    options: dict[str, Any] = {"fixed": fixed, "bounds": job.bounds, "loss": job.loss, "max_steps": job.max_steps}
    if quiet:
        return fit(model, job.data, **options)
    with FitProgress(console, job.title, free) as progress:
        return fit(model, job.data, **options, callback=progress)


def seconds_of(result: FitResult) -> dict[str, float]:
    """Seconds that compilation took (first step less an ordinary one), and all the rest of the fit; before them those
    of what came first: a comparison of starts, and stages on averaged or sampled data, compilation included."""
    elapsed = [step.elapsed for step in result.history]
    ordinary = float(np.median(np.diff(elapsed))) if len(elapsed) > 1 else 0.0
    compilation = max(result.seconds["first_step"] - ordinary, 0.0)
    before = {n.replace("_", " "): s for n, s in result.seconds.items() if n in ("starts", "first_stages")}
    return {**before, "compilation": compilation, "fit": max(elapsed[-1] - compilation, 0.0) if elapsed else 0.0}


def sector_maps(result: FitResult, data: TwoTimeData) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Data, model and residual in σ of one sector after the other, each `(n_t, n_t)`."""
    contrast, offset = (np.asarray(x, float) for x in result.model.scaling(data.geometry))
    sectors = data.geometry.sectors
    for k in range(data.n_sector):
        one = jax.tree.map(lambda x, k=k: x[k : k + 1], sectors)
        model = offset[k] + contrast[k] * np.asarray(_squared(result.model, data.geometry.with_sectors(one)))[0]
        c2, weight = data.weighted_map(k)
        residual = np.where(weight > 0, np.sqrt(weight, dtype=float) * (c2 - model), np.nan)
        yield np.asarray(data.c2[k]), model, residual


@eqx.filter_jit
def _squared(model: TwoTimeModel, geometry: Geometry) -> jax.Array:
    return two_time_map(model, geometry)


def reduced_chi2_of_sectors(result: FitResult, data: TwoTimeData) -> np.ndarray:
    """Mean square of the residual (in σ) of each sector, over the pixels that count."""
    return np.array([float(np.nanmean(np.square(residual))) for _, _, residual in sector_maps(result, data)])


def result_arrays(result: FitResult, data: TwoTimeData, attributes: Mapping[str, Any]) -> ResultArrays:
    """What goes to `result.h5` beside the maps."""
    q, phi = sector_arrays(data.geometry)
    parameters = list(result.parameters.values())
    steps = result.history
    sigma = data.sigma if data.sigma.ndim == 1 else np.array([np.nanmedian(s) for s in data.sigma])
    return ResultArrays(
        q=q,
        phi=phi,
        gap=None if data.geometry.gap is None else np.asarray(data.geometry.gap, float),
        t=np.asarray(data.geometry.t, float),
        sigma=np.asarray(sigma, float),
        names=tuple(p.name for p in parameters),
        units=tuple(p.unit for p in parameters),
        values=np.array([p.value for p in parameters]),
        uncertainties=np.array([p.uncertainty for p in parameters]),
        free_names=result.free_names,
        covariance=result.covariance,
        chi2=np.array([step.chi2 for step in steps]),
        expected_decrease=np.array([step.expected_decrease for step in steps]),
        elapsed=np.array([step.elapsed for step in steps]),
        history=np.array([step.parameters for step in steps]),
        degrees_of_freedom=result.degrees_of_freedom,
        attributes={
            "kernel": result.kernel,
            "chi2": result.chi2,
            "converged": result.converged,
            "message": result.message,
            "model": str(result.model),
            **attributes,
        },
    )


def write(
    folder: Path,
    result: FitResult,
    data: TwoTimeData,
    document: Mapping[str, Any],
    *,
    force: bool,
    figures: bool,
    console: Console,
    quiet: bool,
) -> list[str]:
    """result.json (the `document`), result.h5 and the figures, whole or not at all. **Returns:** names of the files."""
    with whole_folder(folder, force) as partial:
        attributes = {"input": str(data.provenance.path or ""), "input_sha256": data.provenance.sha256 or ""}
        with stage(console, "writing maps", quiet):
            save_result_arrays(
                partial / "result.h5", result_arrays(result, data, attributes), sector_maps(result, data)
            )
        if figures:
            with stage(console, "drawing figures", quiet):
                draw_figures(load_result_arrays(partial / "result.h5"), partial / "figures")
        text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
        (partial / "result.json").write_text(text + "\n", encoding="utf-8")
        return sorted(str(path.relative_to(partial)) for path in partial.rglob("*") if path.is_file())
