"""The display of a fit while it runs."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any, final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from ..fit import Iteration, Parameter
from ..physics.minus_sign import with_minus

_SHOWN = 6


@final
class FitProgress:
    """A live table of the latest steps, fed by the callback of a fit; nothing where the output is no terminal.

    **Arguments:** `free`: the free parameters, in their order; those of contrast and offset are not shown.
    """

    def __init__(self, console: Console, title: str, free: Sequence[Parameter]):
        self._title = title
        self._shown = [(k, parameter.name) for k, parameter in enumerate(free) if not parameter.of_scaling]
        self._steps: list[Iteration] = []
        self._begun = time.perf_counter()
        self._live = Live(self, console=console, transient=True, refresh_per_second=8)
        self._spinner = Spinner(_spinner(console))

    def __enter__(self) -> "FitProgress":
        if self._live.console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._live.stop()

    def __call__(self, step: Iteration) -> None:
        self._steps.append(step)

    def __rich__(self) -> RenderableType:
        elapsed = time.perf_counter() - self._begun
        phase = "compiling, then the first step" if not self._steps else f"step {self._steps[-1].number}"
        self._spinner.update(text=Text(f"{self._title}: {phase}, {elapsed:.0f} s (Ctrl-C keeps the best so far)"))
        if not self._steps:
            return self._spinner
        return Group(self._spinner, self._table())

    def _table(self) -> Table:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
        for heading in ("step", "reduced χ²", "still to fall"):
            table.add_column(heading, justify="right")
        shown = self._shown[: max(1, (self._live.console.width - 34) // 13)]
        for _, name in shown:
            table.add_column(_short(name), justify="right", no_wrap=True)
        for step in self._steps[-_SHOWN:]:
            parameters = [with_minus(f"{step.parameters[k]:.4g}") for k, _ in shown]
            reduced = step.chi2 / step.degrees_of_freedom
            table.add_row(str(step.number), f"{reduced:.6g}", f"{step.expected_decrease:.2g}", *parameters)
        return table


def _short(name: str) -> str:
    return {"gamma_dot_t0": "γ̇_t0", "gamma_dot_t_offset": "γ̇_t_offset"}.get(name, name)


def _spinner(console: Console) -> str:
    """The name of a spinner whose characters the console has."""
    return "dots" if console.encoding.startswith("utf") else "line"


def stage(console: Console, text: str, quiet: bool) -> Any:
    """A spinner for what has no steps to show."""
    return console.status(text, spinner=_spinner(console)) if not quiet and console.is_terminal else _Nothing()


@final
class _Nothing:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...
