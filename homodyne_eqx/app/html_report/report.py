"""Write the report of a fit."""

import json
import math
import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import groupby
from pathlib import Path
from typing import Any

from ...data import OneTimeData, TwoTimeData, whole_file
from ...fit import FitResult
from ...fit.result.numbers import seconds_text
from ...fit.result.sectors import SectorFit
from ...fit.result.summary import line_of
from ...fit.result.summary_row import Remedy, SummaryRow
from ...fit.result.table import IN_TABLE, in_python
from ...versions import versions
from ..figures.panels import Panels, panels_of
from ..inferred import Inferred
from .charts import CHARTS, charts_of, sector_label
from .inferred_charts import INFERRED, inferred_charts
from .packing import packed_maps, packed_text
from .template import page_template

InWords = Callable[[Sequence[Remedy]], list[str]]
_NEEDED = "The report needs {}. Install it with: pip install 'homodyne-eqx[report]', or leave it out with --no-report."
_HEADLINES = 4


def require_report() -> None:
    """**Raises:** `ImportError` with the remedy where a package that the report needs is not installed."""
    for name in ("jinja2", "plotly"):
        try:
            __import__(name)
        except ImportError as error:
            raise ImportError(_NEEDED.format(name), name=name) from error


def write_report(
    result: FitResult,
    path: str | Path,
    *,
    overwrite: bool = False,
    command: Sequence[str] | None = None,
    in_words: InWords = in_python,
    panels: Panels | None = None,
    inferred: Inferred = Inferred(),
) -> Path:
    """Write the report of a result as one HTML file, which any browser shows without a network.

    **Arguments:** `overwrite`: replace a file that is there; `command`: the arguments of the command line that made the
    result; `in_words`: what can be done, in the words of Python or of the command line; `panels`: of all sectors, where
    they are known already; `inferred`: profiles and posterior of the result.

    **Returns:** the path. **Raises:** `FileExistsError`; `ImportError` without jinja2 or plotly.
    """
    path = Path(path)
    with whole_file(path, overwrite=overwrite) as temporary:
        Path(temporary).write_text(report_text(result, command, in_words, panels, inferred), encoding="utf-8")
    return path


def report_text(
    result: FitResult,
    command: Sequence[str] | None = None,
    in_words: InWords = in_python,
    panels: Panels | None = None,
    inferred: Inferred = Inferred(),
) -> str:
    """The report as HTML. **Arguments:** as of `write_report`."""
    require_report()
    if panels is None and isinstance(result.data, TwoTimeData):
        panels = panels_of(result)
    here = files(__package__)
    maps, ranges = _maps(panels)
    charts = {**charts_of(result, panels), **inferred_charts(inferred), "ranges": ranges}
    return page_template(here / "page.html").render(
        **_said(result, in_words),
        sectors=[] if result.data is None else _sectors(result.sectors),
        with_ages=not isinstance(result.data, OneTimeData),
        worst=result.verdict.worst_sector or 0,
        source=_source(result),
        command=None if command is None else shlex.join(["homodyne-eqx", *command]),
        seconds=", ".join(f"{name} {seconds_text(spent)}" for name, spent in result.seconds_spent.items()),
        versions=versions(),
        charts={**dict.fromkeys((*CHARTS, *INFERRED)), **charts},
        profiles=inferred.profile_texts(),
        posterior=inferred.posterior,
        charts_json=_for_a_script(charts),
        maps=maps,
        plotly=_plotly(),
        style=(here / "page.css").read_text(encoding="utf-8"),
        script=(here / "page.js").read_text(encoding="utf-8"),
    )


@cache
def _plotly() -> str:
    """The library of the pictures, packed: some megabytes, the same in every report."""
    from plotly.offline import get_plotlyjs

    return packed_text(get_plotlyjs())


def _headline(result: FitResult) -> Mapping[str, str]:
    """Whether to believe the fit: `word`, `sign`, `status` for the colours, and a `caution` for what follows."""
    verdict = result.verdict
    if verdict.adequate and result.converged:
        return {"status": "adequate", "sign": "✓", "word": "Adequate: the model describes the data", "caution": ""}
    if verdict.adequate:
        caution = "Parameters that the data do not determine are marked as undetermined: do not rely on them."
        word = "Adequate, but the data do not determine all parameters"
        return {"status": "doubtful", "sign": "!", "word": word, "caution": caution}
    if math.isnan(verdict.expected_reduced_chi2):
        caution = "The fit stopped at these values before its end. They are not a result: do not rely on them."
        return {
            "status": "inadequate",
            "sign": "✗",
            "word": "Not judged: the fit did not reach its end",
            "caution": caution,
        }
    caution = "The values follow from a model that does not describe the data: do not rely on them, nor on their ± 1σ."
    word = "Not adequate: the model does not describe the data"
    return {"status": "inadequate", "sign": "✗", "word": word, "caution": caution}


def _said(result: FitResult, in_words: InWords) -> dict[str, Any]:
    """The rows of the summary, each where it stands in the page."""
    rows = result.summary()
    tabled = [row for row in rows if row.group in IN_TABLE and row.group != "sectors"]
    derived = [row for row in tabled if row.group == "derived"]
    return {
        "headline": _headline(result),
        "verdict": next(row for row in rows if row.group == "verdict"),
        "verdict_remedies": " ".join(in_words(next(row for row in rows if row.group == "verdict").remedies)),
        "endings": [row for row in rows if row.group == "ending"],
        "headlines": (derived or tabled)[:_HEADLINES],
        "groups": [(name, list(members)) for name, members in groupby(tabled, lambda row: row.group)],
        "lines": _lines(rows),
        "notes": [" ".join([row.value_text, *in_words(row.remedies)]) for row in rows if row.group == "notes"],
        "assumption": "" if result.assumption in result.notes else result.assumption,
        "model": result.equation,
        "data": None if result.data is None else repr(result.data),
    }


def _lines(rows: Sequence[SummaryRow]) -> list[str]:
    elsewhere = (*IN_TABLE, "verdict", "ending", "notes")
    shown = [row for row in rows if row.group not in elsewhere]
    return [line_of(list(members)) for _, members in groupby(shown, lambda row: row.group)]


def _sectors(sectors: Sequence[SectorFit]) -> list[dict[str, Any]]:
    return [{"index": one.index, "label": sector_label(one), "sector": one, "rows": one.rows()} for one in sectors]


def _maps(panels: Panels | None) -> tuple[list[str], list[list[tuple[float, float]]]]:
    """The maps of every sector, packed, and the ranges of each."""
    if panels is None:
        return [], []
    packed = [packed_maps([one.data, one.model, one.residual]) for one in panels.of_sectors]
    return [text for text, _ in packed], [ranges for _, ranges in packed]


def _source(result: FitResult) -> Mapping[str, str]:
    """The origin of the data, in words."""
    if result.data is None:
        return {}
    origin = result.data.provenance
    known = {"file": origin.path, "layout": origin.format, "SHA-256": origin.sha256}
    if origin.frames is not None:
        known["frames of the file"] = f"{origin.frames[0]} to {origin.frames[1] - 1}"
    return {name: str(value) for name, value in known.items() if value is not None}


def _for_a_script(value: Any) -> str:
    """JSON that no end tag within a text can end."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c")
