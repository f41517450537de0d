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
from .fit_settings import FitSettings
from .found_in_data import document_of
from .model_choice import LOSSES, check_geometry
from .preparing import prepared


@final
@dataclass(frozen=True)
class FileFit:
    """A result, what `result.json` holds `more` beside it, and the seconds that its parts took."""

    result: FitResult
    more: Mapping[str, Any]
    spent: dict[str, float]


def fit_file(
    file: Path, settings: FitSettings, console: Console, quiet: bool, command: Sequence[str], begun: float
) -> FileFit:
    """Read, prepare and fit a file, and say on the console what is done.

    **Arguments:** `command`: to be stored as what was typed; `begun`: of `time.perf_counter()`, when reading began.

    **Raises:** what is wrong with the file, the settings or both together, mostly `ValueError`.
    """
    documented = settings.documented()
    ready = prepared(file, settings.preparation(), sigma=settings.sigma, **settings.selection())
    data = ready.data
    read = time.perf_counter() - begun
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
    loss = LOSSES[settings.loss]()
    job = fitting.Job(choice, data, assigned.start, all_fixed, assigned.bounds, loss, settings.max_steps)
    start = fitting.start_of(job)
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
    return FileFit(result, more, spent)


def asked_for(result: FitResult, command: Sequence[str]) -> Mapping[str, Any]:
    """What `result.json` holds beside the result: the input with its checksum, and the command."""
    if result.data is None:
        return {"command": list(command)}
    source = result.data.provenance
    known = {"path": source.path, "format": source.format, "sha256": source.sha256, "frames": source.frames}
    return {"input": known, "command": list(command)}
