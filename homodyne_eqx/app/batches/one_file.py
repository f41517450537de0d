"""One file of a batch: fitted, drawn, and written to its folder, whole or not at all."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from ...data.provenance import file_sha256
from ...fit import Ended, FitResult
from ..output_folder import whole_folder
from .how import AbstractHow
from .record import FIGURES, REPORT, THUMBNAIL, Record

_DPI = 120


@final
@dataclass(frozen=True)
class Job:
    """The work on a file: a fit, or with `draw_only` the figures of the result in its folder."""

    file: Path
    folder: Path
    how: AbstractHow
    fingerprint: str
    settings: dict[str, Any]
    figures: bool
    html: bool
    draw_only: bool = False


def do(job: Job) -> None:
    """Fit the file and write its folder. An error of the file is written there in the place of a result.

    **Raises:** `OSError` where the folder cannot be written; `KeyboardInterrupt` for an interrupted fit, which is not
    written.
    """
    if job.draw_only:
        return _draw_again(job)
    checksum = checksum_of(job.file)
    try:
        result, more, config = job.how.fit(job.file)
        _ = result.verdict, result.covariance, result.derived  # worked out here, where an error is one of the file
    except Exception as error:
        return write_failure(job, checksum, job.how.words(error))
    if result.ended == Ended.INTERRUPTED:
        raise KeyboardInterrupt
    with whole_folder(job.folder, force=True) as partial:
        result.save(partial, more=more)
        if config is not None:
            (partial / "config.toml").write_text(config, encoding="utf-8")
        drawing = _drawn(job, result, partial, job.figures, job.html)
        Record(str(job.file), checksum, job.fingerprint, job.settings, drawing=drawing).write(partial)


def write_failure(job: Job, checksum: str | None, message: str) -> None:
    """The folder of a file that has no result. **Raises:** `OSError` where it cannot be written."""
    with whole_folder(job.folder, force=True) as partial:
        Record(str(job.file), checksum, job.fingerprint, job.settings, failure=message).write(partial)


def checksum_of(file: Path) -> str | None:
    """SHA-256 of the content, `None` for a file that cannot be read."""
    try:
        return file_sha256(file)
    except OSError:
        return None


def _draw_again(job: Job) -> None:
    figures = job.figures and not (job.folder / FIGURES).exists()
    html = job.html and not (job.folder / REPORT).exists()
    result = FitResult.load(job.folder, to_view=True)
    drawing = _drawn(job, result, job.folder, figures, html)
    if drawing is not None:
        checksum = checksum_of(job.file)
        Record(str(job.file), checksum, job.fingerprint, job.settings, drawing=drawing).write(job.folder)


def _drawn(job: Job, result: FitResult, folder: Path, figures: bool, html: bool) -> str | None:
    """Draw into the folder. **Returns:** the text of an error, which is no reason to lose the result."""
    from rich.console import Console

    from .. import fitting
    from .thumbnail import draw_thumbnail

    command, silent = job.how.command(job.file), Console(quiet=True)
    try:
        fitting.draw(folder, result, figures=figures, html=html, command=command, console=silent, quiet=True, dpi=_DPI)
        if figures:
            draw_thumbnail(result, folder / THUMBNAIL)
    except Exception as error:
        return f"not drawn: {job.how.words(error)}"
    return None
