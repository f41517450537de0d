"""The page of a comparison: which model describes the data best, in one HTML file."""

import base64
import shlex
from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from urllib.parse import quote

from ...data import whole_file
from ...inference import Comparison
from ...physics.minus_sign import with_minus
from .template import page_template


def write_comparison(
    compared: Comparison, path: Path, links: Mapping[str, str], picture: bytes | None, command: Sequence[str]
) -> Path:
    """Write the page.

    **Arguments:** `links`: name of a model → its report or folder, relative to the page; `picture`: a PNG of the models
    with the data; `command`: the arguments of the command line.

    **Returns:** the path. **Raises:** `ImportError` without jinja2.
    """
    here = files(__package__)
    rows = [
        {
            "name": each.name,
            "link": quote(links[each.name]),
            "status": each.status,
            "free": each.free,
            "reduced": f"{each.reduced_chi2:.4g}",
            "expected": _number(each.expected, each.spread),
            "differences": [_number(x) for x in (each.delta_chi2, each.delta_aic, each.delta_bic)],
        }
        for each in compared
    ]
    page = page_template(here / "comparison.html").render(
        conclusion=compared.conclusion,
        status=_status(compared),
        undecided=" or ".join(compared.undecided),
        rows=rows,
        tests=[str(test) for test in compared.tests],
        level=compared.level,
        picture=None if picture is None else base64.b64encode(picture).decode("ascii"),
        command=shlex.join(["homodyne-eqx", *command]),
        style=(here / "page.css").read_text(encoding="utf-8"),
    )
    with whole_file(path, overwrite=True) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path


def _status(compared: Comparison) -> str:
    """The style of the head of the page."""
    if not compared.best.adequate:
        return "inadequate"
    return "doubtful" if compared.undecided else "adequate"


def _number(x: float, spread: float | None = None) -> str:
    if x != x:
        return "–"
    return with_minus(f"{x:.3g}") if spread is None else f"{x:.3g} ± {spread:.2g}"
