"""The summary of a fit as notebooks show it."""

from collections.abc import Sequence
from html import escape
from itertools import groupby

from ...physics.notebook_html import table_html
from .summary import line_of
from .summary_row import SummaryRow
from .table import IN_TABLE, in_python, verdict_line

_LISTED = 30
_GOOD, _BAD = "#1a7f37", "#cf222e"


def summary_html(rows: Sequence[SummaryRow]) -> str:
    """The rows of a summary as HTML without scripts: the verdict, the table, how the fit ended, and notes."""
    pieces = []
    for row in (row for row in rows if row.group == "verdict"):
        word, _, why = verdict_line(row, in_python).partition(":")
        pieces.append(_said(word, why, row.status == "adequate"))
    tabled = [row for row in rows if row.group in IN_TABLE]
    first, derived = [r for r in tabled if r.group != "derived"], [r for r in tabled if r.group == "derived"]
    cells = [(row.name, row.value_text, row.uncertainty_text, row.unit) for row in [*first[:_LISTED], *derived]]
    pieces.append(table_html(("parameter", "value", "± 1σ", "unit"), cells, right=(1, 2)))
    if len(first) > _LISTED:
        pieces.append(f"<div>… and {len(first) - _LISTED} more in .parameters</div>")
    for group, members in groupby((r for r in rows if r.group not in (*IN_TABLE, "verdict")), lambda row: row.group):
        if group == "ending":
            pieces += [_said(row.name, f" {row.value_text}", row.status == "converged") for row in members]
        elif group == "notes":
            notes = (" ".join([row.value_text, *in_python(row.remedies)]) for row in members)
            pieces.append(f"<ul>{''.join(f'<li>{escape(note)}</li>' for note in notes)}</ul>")
        else:
            pieces.append(f"<div>{escape(line_of(list(members)))}</div>")
    return f'<div style="line-height:1.4">{"".join(pieces)}</div>'


def _said(word: str, why: str, good: bool) -> str:
    return f'<div><b style="color:{_GOOD if good else _BAD}">{escape(word)}</b>:{escape(why)}</div>'
