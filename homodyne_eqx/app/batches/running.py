"""A batch from its files to its table: earlier results are kept, the other files are fitted, and the table follows."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from ...data.whole_folder import check_folder
from ..output_folder import check_output
from .files import POLL, AbstractFiles
from .how import AbstractHow
from .index_page import INDEX, write_index
from .names import name_for
from .one_file import Job, checksum_of, write_failure
from .pool import AbstractPool, Done
from .progress import BatchProgress
from .record import FIGURES, REPORT, Record, records_in
from .table import CSV, PARQUET, Row, Status, in_order, row_of, write_table

_LOCK = ".batch"
_SHARE_OF_PAGE = 0.05
"""The largest part of the time that goes into writing the page anew."""


@final
@dataclass(frozen=True)
class Plan:
    """The work on the files, and the settings under which earlier results count as done.

    - `output`: the folder of the batch; `how`: the way to fit a file; `figures`, `html`: whether they are drawn;
    - `retry_failed`: fit failed files again; `again`: fit all files again; `page`: whether `index.html` is written;
    - `fingerprint`, `settings`: of `how` and its versions.
    """

    output: Path
    how: AbstractHow
    fingerprint: str
    settings: dict[str, Any]
    figures: bool = True
    html: bool = True
    retry_failed: bool = False
    again: bool = False
    page: bool = True

    def job(self, file: Path, folder: Path, draw_only: bool = False) -> Job:
        """The work on a file."""
        return Job(file, folder, self.how, self.fingerprint, self.settings, self.figures, self.html, draw_only)

    def still_to_do(self, file: Path, record: Record | None, folder: Path) -> Job | None:
        """The work that remains for a file with this record; `None` for nothing."""
        job = self.job(file, folder)
        if record is None or self.again or record.fingerprint != self.fingerprint:
            return job
        if record.sha256 is None or record.sha256 != checksum_of(file):
            return job
        if record.failure is not None:
            return job if self.retry_failed else None
        if record.drawing is not None:
            return job if self.retry_failed else None
        missing = (self.figures and not (folder / FIGURES).exists()) or (self.html and not (folder / REPORT).exists())
        return self.job(file, folder, draw_only=True) if missing else None


def run_batch(plan: Plan, files: AbstractFiles, pool: AbstractPool, progress: BatchProgress) -> list[Row]:
    """Do all that is still to do with the files, and keep the table.

    **Returns:** the rows of these files. **Raises:** `FileExistsError` for folders that hold something else;
    `BlockingIOError` where another batch writes to the same folder; `OSError` where results cannot be written;
    `KeyboardInterrupt`, after the table is written, unless the files are endless.
    """
    with pool, _owned(plan.output):
        table = _Table(plan)
        try:
            for row, kept in _rows(plan, files, pool, table):
                progress.file_done(row, kept)
                table.write()
        except KeyboardInterrupt:
            if not files.endless:
                raise
        finally:
            table.write(last=True)
        return table.rows_of_this_run


def _rows(plan: Plan, files: AbstractFiles, pool: AbstractPool, table: "_Table") -> Iterator[tuple[Row, bool]]:
    """The row of each file as it is done, and whether an earlier run did it."""
    held: list[Path] = []  # changed while they are worked on
    working: set[Path] = set()
    while True:
        waiting, held = [*held, *files.new()], []
        for file in waiting:
            if file in working:
                held.append(file)
                continue
            folder = table.folder_of(file)
            job = plan.still_to_do(file, table.record_of(file), folder)
            if job is None:
                yield table.kept(folder), True
                continue
            check_output(folder, force=True)
            working.add(file)
            pool.submit(job)
        if not working and not held and files.ended(working=False):
            return
        files.ended(working=bool(working))
        for done in pool.done(POLL):
            working.discard(done.job.file)
            yield table.finished(done), False


@final
class _Table:
    """The rows of all folders of the output; of each run those of its files."""

    def __init__(self, plan: Plan):
        self._plan = plan
        self._folders = {record.file: name for name, record in records_in(plan.output).items()}
        known = {name: row_of(plan.output / name) for name in self._folders.values()}
        self._rows: dict[str, Row] = {name: row for name, row in known.items() if row is not None}
        self._touched: dict[str, None] = {}
        self._changed = True
        self._page_at, self._page_took = -float("inf"), 0.0

    def folder_of(self, file: Path) -> Path:
        """The folder of a file, the one it has or a new name."""
        name = self._folders.get(str(file))
        if name is None:
            there = {entry.name for entry in self._plan.output.iterdir()}
            name = name_for(file, {*self._folders.values(), *there})
            self._folders[str(file)] = name
        return self._plan.output / name

    def record_of(self, file: Path) -> Record | None:
        row = self._rows.get(self._folders.get(str(file), ""))
        return None if row is None else row.record

    def kept(self, folder: Path) -> Row:
        """The row of an earlier result."""
        self._touched[folder.name] = None
        return self._rows[folder.name]

    def finished(self, done: Done) -> Row:
        """The row of a new result."""
        job = done.job
        if done.lost is not None:
            write_failure(job, checksum_of(job.file), done.lost)
        row = row_of(job.folder)
        if row is None:
            raise OSError(f"{job.folder} was done and is gone. Expected a folder that this process can read.")
        self._rows[job.folder.name] = row
        self._touched[job.folder.name] = None
        self._changed = True
        return row

    @property
    def rows_of_this_run(self) -> list[Row]:
        return in_order([self._rows[name] for name in self._touched if name in self._rows])

    def write(self, last: bool = False) -> None:
        """The table, and the page: always at the end, else as often as it takes little of the time."""
        if self._changed:
            write_table(self._plan.output, list(self._rows.values()))
        due = time.monotonic() - self._page_at > self._page_took / _SHARE_OF_PAGE
        if self._plan.page and (last or (self._changed and due)):
            begun = time.monotonic()
            write_index(self._plan.output, in_order(list(self._rows.values())), still_running=not last)
            self._page_at, self._page_took = begun, time.monotonic() - begun
        self._changed = False


@contextmanager
def _owned(output: Path) -> Iterator[None]:
    """The folder of the batch, made or checked, and for this process alone.

    **Raises:** `FileExistsError` where files of the names of the table are there that no batch wrote; as
    `_lock`.
    """
    if output.exists() and not (output / _LOCK).exists():
        names = {entry.name for entry in output.iterdir()} if output.is_dir() else set()
        if not output.is_dir() or names & {CSV, PARQUET, INDEX}:
            check_folder(output, overwrite=False, another="Choose another --output", to_replace="remove what is there")
    output.mkdir(parents=True, exist_ok=True)
    with (output / _LOCK).open("a") as lock:
        _lock(lock, output)
        _remove_partial(output)
        yield


def _lock(file: Any, output: Path) -> None:
    """Held until the file is closed or the process ends, however it ends. Without effect on Windows.

    **Raises:** `BlockingIOError` where another process holds it.
    """
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise BlockingIOError(
            f"Another batch is writing to {output}. Wait until it has ended, or choose another --output."
        ) from None
    except OSError:
        return  # a file system without locks


def _remove_partial(output: Path) -> None:
    """Remove the partial files of a killed process."""
    import shutil

    for entry in output.iterdir():
        if entry.name.startswith(".") and entry.suffix in (".part", ".former"):
            shutil.rmtree(entry, ignore_errors=True) if entry.is_dir() else entry.unlink(missing_ok=True)


def worst(rows: list[Row]) -> Status:
    """The most serious status of all rows: failed, not converged, inadequate, adequate."""
    order = [Status.adequate, Status.inadequate, Status.not_converged, Status.failed]
    return max((row.status for row in rows), key=order.index, default=Status.adequate)
