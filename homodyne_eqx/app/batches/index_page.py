"""The page of a batch: every file with a small picture, its values, and a link to its report, in one HTML file."""

import base64
import json
from collections import Counter
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ...data import whole_file
from ...fit.result.numbers import number_texts
from .. import html_report
from ..html_report.template import page_template
from .table import Quantity, Row, Status

INDEX = "index.html"
REFRESH = 20
"""Seconds after which a browser loads the page of a running batch again."""


def write_index(output: Path, rows: Sequence[Row], still_running: bool = False) -> None:
    """Write `index.html`, whole or not at all.

    **Arguments:** `rows`: in the order in which they are to be shown; `still_running`: whether the page is to be loaded
    again by itself.
    """
    here = files(__package__)
    style = files(html_report) / "page.css"
    names = _shown_names(rows)
    counts = Counter(row.status for row in rows)
    page = page_template(here / "index.html").render(
        title=output.absolute().name,
        counts=[(status, counts[status], _css(status)) for status in Status if counts[status]],
        total=len(rows),
        refresh=REFRESH if still_running else None,
        columns=[(name, _unit(name, rows)) for name in names],
        rows=[_shown(row, names) for row in rows],
        has_pictures=any(row.thumbnail for row in rows),
        style=style.read_text(encoding="utf-8") + (here / "index.css").read_text(encoding="utf-8"),
        script=(here / "index.js").read_text(encoding="utf-8"),
    )
    with whole_file(output / INDEX, overwrite=True) as temporary:
        temporary.write_text(page, encoding="utf-8")


def _shown_names(rows: Sequence[Row]) -> list[str]:
    """The names of all fitted parameters but contrast and offset, then of the derived rates."""
    fitted = dict.fromkeys(name for row in rows for name, each in row.parameters.items() if each.shown)
    return list(fitted | dict.fromkeys(name for row in rows for name in row.derived))


def _unit(name: str, rows: Sequence[Row]) -> str:
    return next((each.unit for row in rows if (each := row.parameters.get(name) or row.derived.get(name))), "")


def _shown(row: Row, names: Sequence[str]) -> dict[str, Any]:
    found = [row.parameters.get(name) or row.derived.get(name) for name in names]
    folder = quote(row.folder)
    return {
        "file": Path(row.record.file).name,
        "path": row.record.file,
        "link": f"{folder}/report.html" if row.has_report else f"{folder}/",
        "status": row.status,
        "css": _css(row.status),
        "order": list(Status).index(row.status),
        "message": "" if row.status == Status.adequate and not row.record.drawing else row.message,
        "reduced": None if row.chi2 != row.chi2 else f"{row.reduced_chi2:.4f}",
        "picture": None if row.thumbnail is None else base64.b64encode(row.thumbnail).decode("ascii"),
        "values": [_value(each) for each in found],
    }


def _value(each: Quantity | None) -> dict[str, Any]:
    """The texts of a value and its uncertainty, and the number to sort by."""
    if each is None or each.value != each.value:
        return {"text": "", "sigma": "", "key": None}
    value, sigma = number_texts(each.value, each.uncertainty)
    return {"text": value, "sigma": "" if sigma == "–" else sigma, "key": json.dumps(each.value)}


def _css(status: Status) -> str:
    return status.replace(" ", "-")
