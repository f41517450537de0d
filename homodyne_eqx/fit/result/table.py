"""The rows of a summary as plain text that fits a terminal, in the words of Python."""

from collections.abc import Callable, Sequence
from itertools import groupby

from .summary import line_of
from .summary_row import Remedy, SummaryRow

IN_TABLE = ("parameters", "scaling", "sectors", "derived")
"""The groups whose rows stand in a table; the others are lines of their own."""
NOT_BELOW = (*IN_TABLE, "verdict")
"""The groups that are not shown below the table: the verdict stands first."""
_LISTED = 30
_IN_PYTHON = {
    "simpler_rates": "use rates with fewer parameters",
    "other_starts": "try other starts (starts=[…])",
    "other_model": "try another model",
    "scaling_by_sector": "fit contrast and offset for each sector (arrays of shape (n_sector,))",
    "flow": "multiply by a Shear term",
    "stretched": "try a kernel with another shape (kernel=Stretched(…))",
    "changing_rates": "try a rate that changes with time (PowerLaw(…))",
}


def table_of(rows: Sequence[SummaryRow]) -> str:
    """Parameters and derived quantities with uncertainties, χ², kernel, how the fit ended, and what else to know."""
    lines: list[str] = []
    tabled = [row for row in rows if row.group in IN_TABLE]
    cells = [_cells(row) for row in tabled]
    heading = ["parameter", "value", "± 1σ", "unit"]
    widths = [max(len(row[column]) for row in [heading, *cells]) for column in range(4)]
    rule = "─" * (sum(widths) + 6)
    lines += [verdict_line(row, in_python) for row in rows if row.group == "verdict"]
    lines += [_line(heading, widths), rule]
    shown = 0
    for group, members in groupby(zip(tabled, cells, strict=True), lambda pair: pair[0].group == "derived"):
        lines += [rule] if group and shown else []
        for _, of_row in members:
            shown += 1
            lines += [_line(of_row, widths)] if group or shown <= _LISTED else []
        if not group and shown > _LISTED:
            lines.append(f"… and {shown - _LISTED} more in .parameters")
    lines.append(rule)
    for group, members in groupby((row for row in rows if row.group not in NOT_BELOW), lambda row: row.group):
        if group == "ending":
            lines += [f"{r.name if r.status == 'converged' else r.name.upper()}: {r.value_text}" for r in members]
        elif group == "notes":
            lines += [f"note: {' '.join([row.value_text, *in_python(row.remedies)])}" for row in members]
        else:
            lines.append(line_of(list(members)))
    return "\n".join(lines)


def verdict_line(row: SummaryRow, in_words: Callable[[Sequence[Remedy]], list[str]]) -> str:
    """`ADEQUATE: why`, or `NOT ADEQUATE: why` and what can be done, in the words of Python or of the command line."""
    word = "ADEQUATE" if row.status == "adequate" else "NOT ADEQUATE"
    return " ".join([f"{word}: {row.value_text[0].upper()}{row.value_text[1:]}", *in_words(row.remedies)])


def in_python(remedies: Sequence[Remedy]) -> list[str]:
    """The remedies as one sentence, with the arguments of `fit`."""
    said = []
    for remedy in remedies:
        names = remedy.names
        if remedy.action == "fix":
            said.append(f"fix some (fixed={[*names[:1]]!r})".replace("'", '"'))
        elif remedy.action == "bound":
            said.append(f'bound {"it" if len(names) == 1 else "them"} (bounds={{"{names[0]}": (low, high)}})')
        elif remedy.action == "separate":
            said.append(f'let it differ from one data set to the other (separate=["{names[0]}"])')
        elif remedy.action == "exclude_frames":
            said.append(f"exclude frames (data.excluding(frames=[{', '.join(names)}]))")
        else:
            said.append(_IN_PYTHON[remedy.action])
    return [sentence_of(said)] if said else []


def sentence_of(said: Sequence[str]) -> str:
    """`a, b, or c.`, with a capital letter."""
    joined = said[0] if len(said) == 1 else f"{', '.join(said[:-1])}, or {said[-1]}"
    return f"{joined[0].upper()}{joined[1:]}."


def _cells(row: SummaryRow) -> list[str]:
    return [row.name, row.value_text, row.uncertainty_text, row.unit]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, value, sigma, unit = cells
    return f"{name:<{widths[0]}}  {value:>{widths[1]}}  {sigma:>{widths[2]}}  {unit}".rstrip()
