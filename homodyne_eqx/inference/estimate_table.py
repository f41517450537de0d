"""Estimates of uncertainties as plain text that fits a terminal."""

import textwrap
from collections.abc import Iterable, Sequence

MOST_COLUMNS = 80
_LISTED = 30


def estimate_table(heading: Sequence[str], rows: Sequence[Sequence[str]], said: Iterable[str]) -> str:
    """A table of at most 80 columns and 30 rows, then sentences, one a line or more.

    **Arguments:** `heading`, `rows`: cells; the first column is the name, which is cut where the line would be too
    long, the last one the unit, and those between are numbers.
    """
    shown = rows[:_LISTED]
    widths = [max(map(len, column)) for column in zip(heading, *shown, strict=True)]
    others = sum(widths[1:]) + 2 * (len(widths) - 1)
    widths[0] = max(min(widths[0], MOST_COLUMNS - others), 1)
    lines = [_line(heading, widths), "─" * (sum(widths) + 2 * (len(widths) - 1))]
    lines += [_line(row, widths) for row in shown]
    if len(rows) > len(shown):
        lines.append(f"… and {len(rows) - len(shown)} more in .names")
    for sentence in said:
        lines += textwrap.wrap(sentence, MOST_COLUMNS)
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, *numbers, unit = cells
    name = name if len(name) <= widths[0] else name[: widths[0] - 1] + "…"
    middle = [f"{number:>{width}}" for number, width in zip(numbers, widths[1:-1], strict=True)]
    return "  ".join([f"{name:<{widths[0]}}", *middle, unit]).rstrip()
