"""The fit of one file, from its settings to a result."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, final

from rich.console import Console

from ..data import TwoTimeData
from ..fit import FitResult
from . import chosen_model, extensions, fitting, report
from .configuration import resolved_toml
from .fit_settings import FitSettings
from .found_in_data import document_of
from .model_choice import LOSSES, ScalingName, check_geometry
from .preparing import Prepared, prepared
from .start_from import FormerStart, former_start


@final
@dataclass(frozen=True)
class FileFit:
    """A result, what `result.json` holds `more` beside it, the seconds that its parts took, and the settings resolved,
    as the text of `config.toml`."""

    result: FitResult
    more: Mapping[str, Any]
    spent: dict[str, float]
    config: str


def fit_file(
    file: Path,
    settings: FitSettings,
    console: Console,
    quiet: bool,
    command: Sequence[str],
    begun: float,
    ready: Prepared | None = None,
) -> FileFit:
    """Read, prepare and fit a file, and say on the console what is done.

    **Arguments:** `command`: to be stored as what was typed; `begun`: of `time.perf_counter()`, when reading began;
    `ready`: the data of the file, where they were read and shown already.

    **Raises:** what is wrong with the file, the settings or both together, mostly `ValueError`.
    """
    documented = settings.documented()
    shown = ready is not None
    ready = ready or prepared(file, settings.preparation(), sigma=settings.sigma, **settings.selection())
    data = ready.data
    read = time.perf_counter() - begun
    if not shown:
        report.print_data(console, data)
    for excluded, remaining in zip(ready.excluded, ready.remaining, strict=True):
        report.print_found(console, excluded, remaining)
    if isinstance(data, TwoTimeData):
        choice = chosen_model.of_maps(settings.model, documented, data)
        check_geometry(choice, data)
    else:
        choice = chosen_model.of_pairs(settings.model, documented, data, settings.scaling)
    if isinstance(choice, extensions.InstalledModel):
        named = {each: choice.by_name(getattr(settings, each)) for each in ("start", "fix", "bound")}
        settings = replace(settings, **named)
    assigned = settings.assigned(choice.names)
    all_fixed = tuple(dict.fromkeys((*choice.fixed, *assigned.fixed)))
    former = _former(settings, choice, data.n_sector)
    given = {**former.values, **assigned.start}
    loss = LOSSES[settings.loss]()
    job = fitting.Job(choice, data, given, all_fixed, assigned.bounds, loss, settings.max_steps, settings.weights.value)
    start = fitting.start_of(job)
    taken_over = dict.fromkeys(former.values.keys() - assigned.start.keys(), "former result")
    start = replace(start, sources=start.sources | taken_over, notes=(*former.notes, *start.notes))
    report.print_start(console, choice, start, dict.fromkeys(all_fixed))
    result = fitting.run(job, start, console, quiet)
    spent = {"reading": read, **result.seconds_spent}
    more = {
        **asked_for(result, command),
        **report.rate_law_of(result),
        "start_from": start.sources,
        "start_notes": list(start.notes),
        "found_and_excluded": document_of(ready.excluded),
        "found_and_kept": document_of(ready.remaining),
        "seconds_spent": spent,
    }
    config = resolved_toml(file, settings, choice, start.values, assigned.fixed, assigned.bounds, data.provenance)
    return FileFit(result, more, spent, config)


def _former(settings: FitSettings, choice: Any, n_sector: int) -> FormerStart:
    """The values that `--start-from` takes over; none without this option."""
    if settings.start_from is None:
        return FormerStart({}, ())
    by_sector = settings.scaling is ScalingName.per_sector
    return former_start(settings.start_from, choice.names, tuple(choice.fixed), n_sector, by_sector)


def asked_for(result: FitResult, command: Sequence[str]) -> Mapping[str, Any]:
    """The entries of `result.json` beside the result: the input with its checksum, and the command."""
    if result.data is None:
        return {"command": list(command)}
    source = result.data.provenance
    known = {"path": source.path, "format": source.format, "sha256": source.sha256, "frames": source.frames}
    return {"input": known, "command": list(command)}
