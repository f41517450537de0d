"""The rows of a summary as plain text that fits a terminal, in the words of Python."""

from collections.abc import Sequence
from itertools import groupby

from .summary import line_of
from .summary_row import Remedy, SummaryRow

IN_TABLE = ("parameters", "scaling", "sectors", "derived")
"""The groups whose rows stand in a table; the others are lines of their own."""
_LISTED = 30


def table_of(rows: Sequence[SummaryRow]) -> str:
    """Parameters and derived quantities with uncertainties, χ², kernel, how the fit ended, and what else to know."""
    lines: list[str] = []
    tabled = [row for row in rows if row.group in IN_TABLE]
    cells = [_cells(row) for row in tabled]
    wide = any(row.correlated_text for row in tabled)
    heading = ["parameter", "value", "± 1σ", "± corr.", "unit"]
    widths = [max(len(row[column]) for row in [heading, *cells]) for column in range(5)]
    rule = "─" * (sum(widths) + 8 - (0 if wide else widths[3] + 2))
    lines += [_line(heading, widths, wide), rule]
    shown = 0
    for group, members in groupby(zip(tabled, cells, strict=True), lambda pair: pair[0].group == "derived"):
        lines += [rule] if group and shown else []
        for _, of_row in members:
            shown += 1
            lines += [_line(of_row, widths, wide)] if group or shown <= _LISTED else []
        if not group and shown > _LISTED:
            lines.append(f"… and {shown - _LISTED} more in .parameters")
    lines.append(rule)
    for group, members in groupby((row for row in rows if row.group not in IN_TABLE), lambda row: row.group):
        if group == "ending":
            lines += [f"{r.name if r.status == 'converged' else r.name.upper()}: {r.value_text}" for r in members]
        elif group == "notes":
            lines += [f"note: {' '.join([row.value_text, *in_python(row.remedies)])}" for row in members]
        else:
            lines.append(line_of(list(members)))
    return "\n".join(lines)


def in_python(remedies: Sequence[Remedy]) -> list[str]:
    """What can be done, as one sentence, with the arguments of `fit`."""
    said = []
    for remedy in remedies:
        names = remedy.names
        if remedy.action == "fix":
            said.append(f"fix some (fixed={[*names[:1]]!r})".replace("'", '"'))
        elif remedy.action == "bound":
            said.append(f'bound them (bounds={{"{names[0]}": (low, high)}})')
        elif remedy.action == "simpler_rates":
            said.append("use rates with fewer parameters")
        elif remedy.action == "other_starts":
            said.append(f'try other starts (starts=[{{"{names[0]}": …}}, …])')
        elif remedy.action == "other_model":
            said.append("try another model")
    return [sentence_of(said)] if said else []


def sentence_of(said: Sequence[str]) -> str:
    """`a, b, or c.`, with a capital letter."""
    joined = said[0] if len(said) == 1 else f"{', '.join(said[:-1])}, or {said[-1]}"
    return f"{joined[0].upper()}{joined[1:]}."


def _cells(row: SummaryRow) -> list[str]:
    return [row.name, row.value_text, row.uncertainty_text, row.correlated_text, row.unit]


def _line(cells: Sequence[str], widths: Sequence[int], wide: bool) -> str:
    name, value, sigma, correlated, unit = cells
    middle = [f"{value:>{widths[1]}}", f"{sigma:>{widths[2]}}", *([f"{correlated:>{widths[3]}}"] if wide else [])]
    return "  ".join([f"{name:<{widths[0]}}", *middle, unit]).rstrip()
