"""Tables of starts and results for the terminal."""

import functools
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..data import OneTimeData, PairData, Provenance, TwoTimeData
from ..fit import FitResult
from ..fit.result.numbers import value_text
from ..fit.result.summary import line_of
from ..fit.result.summary_row import Remedy, SummaryRow
from ..fit.result.table import IN_TABLE, NOT_BELOW, sentence_of, verdict_line
from ..inference import rate_law
from ..physics.minus_sign import with_minus
from .extensions import InstalledModel
from .found_in_data import Found
from .model_choice import ModelChoice, Start
from .spelling import printable

_SECTORS = 40
_IN_FLAGS = {
    "simpler_rates": "try --rates constant",
    "other_starts": "try another start (--start NAME=VALUE)",
    "other_model": "try another model (--model NAME)",
    "scaling_by_sector": "fit contrast and offset for each sector (--scaling per-sector)",
    "flow": "try laminar flow (--model laminar-flow)",
    "stretched": "try a model with another shape of decay (--model NAME)",
    "changing_rates": "try rates that change with time (--rates power-law)",
}
_SHOWN_BY_SECTOR = "sectors"


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table; a column whose heading ends in `>` is set flush right."""
    made = Table(
        box=SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", padding=(0, 1, 0, 0), show_edge=False
    )
    for column in columns:
        made.add_column(column.removesuffix(">"), justify="right" if column.endswith(">") else "left", no_wrap=True)
    return made


def named_values(rows: Iterable[tuple[str, str]]) -> Table:
    """A table of names and values, without a head, long values folded."""
    made = table("", "")
    made.show_header = False
    made.columns[1].no_wrap = False
    made.columns[1].overflow = "fold"
    for name, value in rows:
        made.add_row(name, Text(printable(value)))
    return made


def print_data(console: Console, data: TwoTimeData | OneTimeData | PairData) -> None:
    """Print a description of the data; a line longer than the terminal is continued with an indent."""
    for line in repr(data).splitlines():
        wrapped = textwrap.fill(line, console.width, subsequent_indent=" " * 11, drop_whitespace=True)
        console.print(wrapped, markup=False, highlight=False)


def print_found(console: Console, excluded: Found, remaining: Found) -> None:
    """Bad frames and outliers, each in a line, if there are any."""
    if str(excluded):
        console.print(f"excluded, as found: {excluded}", markup=False, highlight=False)
    if str(remaining):
        said = f"note: {remaining}. Leave out with {remaining.remedy}"
        console.print(said, style="yellow", markup=False, highlight=False)


def print_start(console: Console, choice: ModelChoice | InstalledModel, start: Start, fixed: Mapping[str, Any]) -> None:
    """Print the start of the fit, and the origin of each value."""
    shown = table("start", "value>", "from")
    for name in choice.names:
        value = np.ravel(start.values[name])
        text = (
            value_text(float(value[0]))
            if np.ptp(value) == 0
            else " … ".join(with_minus(f"{x:.4g}") for x in (value.min(), value.max()))
        )
        source = start.sources[name] + (", fixed" if name in fixed else "")
        shown.add_row(name, text, source)
    console.print(shown)
    for note in start.notes:
        console.print(f"note: {note}", style="yellow", markup=False)


def print_result(console: Console, result: FitResult, truth: Mapping[str, float] | None = None) -> None:
    """The summary of the result, but for contrast and offset of single sectors, which `print_sectors` shows.

    **Arguments:** `truth`: simulated values by name, shown beside them.
    """
    rows, flags = result.summary(), in_flags
    if result.data is not None and hasattr(result.data, "provenance"):
        flags = functools.partial(in_flags, source=result.data.provenance)
    for row in (row for row in rows if row.group == "verdict"):
        word, _, why = verdict_line(row, flags).partition(":")
        style = "bold green" if row.status == "adequate" else "bold red"
        console.print(Text.assemble((word, style), f":{why}"))
    _print_quantities(console, [r for r in rows if r.group in IN_TABLE and r.group != _SHOWN_BY_SECTOR], truth or {})
    for group, members in groupby((row for row in rows if row.group not in NOT_BELOW), lambda row: row.group):
        if group == "ending":
            for row in members:
                style = "bold green" if row.status == "converged" else "bold red"
                console.print(Text.assemble((row.name, style), f": {row.value_text}"))
        elif group == "notes":
            for row in members:
                said = " ".join([row.value_text, *flags(row.remedies)])
                console.print(f"note: {said}", style="yellow", markup=False, highlight=False)
        else:
            console.print(line_of(list(members)), markup=False, highlight=False)


def print_rate_law(console: Console, result: FitResult) -> None:
    """The law Γ(q) of one-time data with a rate in each sector, in a line, or why there is none."""
    try:
        if _has_rates(result):
            console.print(str(rate_law(result)), markup=False, highlight=False)
    except ValueError as error:
        console.print(f"note: no law of the rates: {error}", style="yellow", markup=False, highlight=False)


def rate_law_of(result: FitResult) -> dict[str, Any]:
    """The same as plain values, for JSON; nothing where there is none."""
    try:
        return {"rate_law": vars(rate_law(result))} if _has_rates(result) else {}
    except ValueError:
        return {}


def _has_rates(result: FitResult) -> bool:
    return isinstance(result.data, OneTimeData) and "relaxation.rate[1]" in result.parameters


def _print_quantities(console: Console, rows: Sequence[SummaryRow], truth: Mapping[str, float]) -> None:
    shown = table("parameter", "value>", "± 1σ>", "unit", *(["truth>"] if truth else []))
    for place, row in enumerate(rows):
        cells = [row.name, row.value_text, row.uncertainty_text, row.unit]
        if truth:
            cells.append(with_minus(f"{truth[row.name]:g}") if row.name in truth else "")
        last = place + 1 < len(rows) and row.group != "derived" and rows[place + 1].group == "derived"
        shown.add_row(*cells, end_section=last)
    console.print(shown)


def in_flags(remedies: Sequence[Remedy], source: Provenance | None = None) -> list[str]:
    """The remedies as one sentence, with the options of the command line. These number frames as the file does:
    `source` has the places of the frames of the data in the file."""
    first, each = (0, 1) if source is None else (source.first_frame, source.frames_each)
    said = []
    for remedy in remedies:
        if remedy.action == "fix":
            said.append(f"fix some (--fix {remedy.names[0]})")
        elif remedy.action == "bound":
            them = "it" if len(remedy.names) == 1 else "them"
            said.append(f"bound {them} (--bound {remedy.names[0]}=LO:HI)")
        elif remedy.action == "exclude_frames":
            starts = [first + each * int(name) for name in remedy.names]
            listed = ",".join(str(k) if each == 1 else f"{k}-{k + each - 1}" for k in starts)
            said.append(f"exclude frames (--exclude-frames {listed})")
        else:
            said.append(_IN_FLAGS[remedy.action])
    return [sentence_of(said)] if said else []


def print_sectors(console: Console, result: FitResult) -> None:
    """Contrast, offset and misfit of every sector."""
    shown = table("sector>", "q (Å⁻¹)>", "φ (°)>", "contrast>", "± 1σ>", "offset>", "± 1σ>", "mean (r/σ)²>")
    for sector in result.sectors[:_SECTORS]:
        contrast, offset, misfit = sector.rows()
        shown.add_row(
            str(sector.index),
            f"{sector.q:.5g}",
            "" if sector.phi is None else with_minus(f"{sector.phi:.4g}"),
            contrast.value_text,
            contrast.uncertainty_text,
            offset.value_text,
            offset.uncertainty_text,
            misfit.value_text,
        )
    console.print(shown)
    if len(result.sectors) > _SECTORS:
        console.print(f"… and {len(result.sectors) - _SECTORS} more in the result files.")
    common = [
        name for name in ("contrast", "offset") if any(getattr(s, f"{name}_status") == "common" for s in result.sectors)
    ]
    if common:
        console.print(
            f"{' and '.join(common)}: computed from parameters that all sectors share, so all sectors share this ± "
            "too.",
            style="dim",
            highlight=False,
        )
