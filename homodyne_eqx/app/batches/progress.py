"""The output of a batch while it runs: a line for each file, and on a terminal a bar with the time left."""

import time
from collections import Counter
from pathlib import Path
from types import TracebackType
from typing import final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from ..spelling import printable
from .table import Row, Status

_STYLES = {Status.adequate: "green", Status.inadequate: "yellow", Status.not_converged: "yellow", Status.failed: "red"}
_LONGEST_STATUS = max(len(status) for status in Status)


@final
class BatchProgress:
    """Lines and bar, in a `with` block. **Arguments:** `total`: how many files there will be, `None` if unknown."""

    def __init__(self, console: Console, total: int | None):
        self._console, self._total = console, total
        self._begun = time.monotonic()
        self._counts: Counter[Status] = Counter()
        self._kept = 0
        self._bar = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=None),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            transient=True,
            expand=True,
            disable=not console.is_terminal or console.quiet,
        )
        self._task = self._bar.add_task("fitting", total=total, left="")

    def __enter__(self) -> "BatchProgress":
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._bar.stop()

    def file_done(self, row: Row, kept: bool) -> None:
        """A file has its row. `kept`: since an earlier run."""
        self._counts[row.status] += 1
        self._kept += kept
        done = self._counts.total()
        width = len(str(self._total or 0))
        count = f"{done:>{width}}/{self._total}" if self._total is not None else str(done)
        left = self._time_left(done)
        line = Text(f"{count}  ")
        line.append(f"{row.status:<{_LONGEST_STATUS}}", _STYLES[row.status])
        line.append(f"  {printable(_shortened(Path(row.record.file).name, 30))}  {_said(row, kept)}")
        line.truncate(max(20, self._console.width - len(left) - 2), overflow="ellipsis")
        if left and not self._console.is_terminal:
            line.append(f"  {left}", "dim")
        self._console.print(line, soft_wrap=True, highlight=False)
        self._bar.update(self._task, completed=done, left=left)

    def _time_left(self, done: int) -> str:
        fitted = done - self._kept
        if self._total is None or not fitted or done >= self._total:
            return ""
        seconds = (time.monotonic() - self._begun) / fitted * (self._total - done)
        return f"{duration_text(seconds)} left"

    def total_line(self) -> str:
        """The numbers of files, by the way they ended."""
        done = self._counts.total()
        parts = [f"{count} {status}" for status in Status if (count := self._counts[status])]
        kept = f"; {self._kept} done before" if self._kept else ""
        return f"{done} file{'' if done == 1 else 's'}: {', '.join(parts) or 'none'}{kept}"


def duration_text(seconds: float) -> str:
    """Seconds, minutes or hours: 40 s, 3 min, 2 h 10 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02d} min"


def _said(row: Row, kept: bool) -> str:
    said = printable(row.message) if row.status == Status.failed else f"reduced χ² {row.reduced_chi2:.3f}"
    return f"{said} (done before)" if kept else said


def _shortened(name: str, longest: int) -> str:
    """A name without its middle, whose end mostly tells it from others."""
    if len(name) <= longest:
        return name
    end = longest // 2
    return f"{name[: longest - end - 1]}…{name[-end:]}"
