"""Tables of starts and results for the terminal."""

import math
import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..data import TwoTimeData
from ..data.two_time import sector_arrays
from ..fit import Ended, FitResult, Parameter
from .extensions import InstalledModel
from .model_choice import ModelChoice, Start
from .numbers import uncertainty_text, value_text

_CORRELATED = 1.2
_DEGENERATE = 0.995
_SECTORS = 40
_OF_SECTORS = ("contrast", "offset")


def table(*columns: str, title: str | None = None) -> Table:
    """An empty table; a column whose heading ends in `>` is set flush right."""
    made = Table(
        box=SIMPLE_HEAD, title=title, title_justify="left", title_style="bold", padding=(0, 1, 0, 0), show_edge=False
    )
    for column in columns:
        made.add_column(column.removesuffix(">"), justify="right" if column.endswith(">") else "left", no_wrap=True)
    return made


def print_data(console: Console, data: TwoTimeData) -> None:
    """What the data are, set in where a line is longer than the terminal is wide."""
    for line in repr(data).splitlines():
        wrapped = textwrap.fill(line, console.width, subsequent_indent=" " * 11, drop_whitespace=True)
        console.print(wrapped, markup=False, highlight=False)


def print_start(console: Console, choice: ModelChoice | InstalledModel, start: Start, held: Mapping[str, Any]) -> None:
    """Where the fit starts, and why there."""
    shown = table("start", "value>", "from")
    for name in choice.names:
        value = np.ravel(start.values[name])
        text = value_text(float(value[0])) if np.ptp(value) == 0 else f"{value.min():.4g} … {value.max():.4g}"
        source = start.sources[name] + (", held" if name in held else "")
        shown.add_row(name, text, source)
    console.print(shown)
    for note in start.notes:
        console.print(f"note: {note}", style="yellow", markup=False)


def print_result(console: Console, result: FitResult, truth: Mapping[str, float] | None = None) -> None:
    """Parameters and derived rates with uncertainties, χ², kernel, and how the fit ended.

    **Arguments:** `truth`: simulated values by name, shown beside them.
    """
    factor = result.noise_factor or 1.0
    wide = factor > _CORRELATED
    shown = table(
        "parameter", "value>", "± 1σ>", *(["± corr.>"] if wide else []), "unit", *(["simulated>"] if truth else [])
    )
    physical = [p for p in result.parameters.values() if not p.of_scaling]
    common = [p for p in result.parameters.values() if p.of_scaling and p.name == p.leaf]
    for parameter in (*physical, *common, *result.derived.values()):
        sigma = parameter.uncertainty
        cells = [parameter.name, value_text(parameter.value, sigma), _sigma(parameter)]
        if wide:
            cells.append(uncertainty_text(sigma * factor) if math.isfinite(sigma) else "")
        cells.append(parameter.unit)
        if truth:
            cells.append(f"{truth[parameter.name]:g}" if parameter.name in truth else "")
        shown.add_row(*cells, end_section=parameter is (*physical, *common)[-1])
    console.print(shown)
    if wide:
        console.print(
            f"± 1σ takes the noise of each pair of frames as independent; the residuals are correlated, and ± corr. "
            f"is wider by a factor of {factor:.2g}, a rough estimate.",
            style="dim",
        )
    goodness = (
        f"χ² = {result.chi2:.6g}, {result.degrees_of_freedom} degrees of freedom, "
        f"reduced χ² = {result.reduced_chi2:.4f}"
    )
    console.print(
        goodness if result.loss == "Squares" else f"{goodness} (cost of {result.loss}, not a χ²)", highlight=False
    )
    console.print(f"kernel {result.kernel}", highlight=False)
    console.print(ending(result))
    for note in (*result.notes, *remarks(result)):
        console.print(f"note: {note}", style="yellow", markup=False, highlight=False)


def ending(result: FitResult) -> Text:
    """How the fit ended, green only where it converged."""
    word = result.ended if result.ended in (Ended.CONVERGED, Ended.INTERRUPTED) else "not converged"
    return Text.assemble((word, "bold green" if result.converged else "bold red"), f": {result.message}")


def remarks(result: FitResult) -> list[str]:
    """What a reader of the parameters should know: directions that the data leave open."""
    names = list(result.free_names)
    sigma = np.sqrt(np.where(np.isfinite(np.diagonal(result.covariance)), np.diagonal(result.covariance), np.nan))
    physical = [k for k, name in enumerate(names) if not result.parameters[name].of_scaling]
    lost = [names[k] for k in physical if np.isinf(result.covariance[k, k])]
    found = []
    for a, b in ((a, b) for a in physical for b in physical if a < b):
        correlation = result.covariance[a, b] / (sigma[a] * sigma[b])
        if abs(correlation) > _DEGENERATE:
            found.append(f"{names[a]} and {names[b]} ({correlation:+.4f})")
    determined = all(math.isfinite(each.uncertainty) for each in result.derived.values())
    means = "Their mean rates above are determined. " if determined and result.derived else ""
    advice = f"{means}Hold some (--fix NAME=VALUE), bound them (--bound D_offset=0:), or try --rates constant."
    if lost:
        return [f"The data leave {', '.join(lost)} open. {advice}"]
    return [f"Strongly correlated: {', '.join(found[:4])}. {advice}"] if found else []


def print_sectors(console: Console, result: FitResult, data: TwoTimeData, misfit: np.ndarray) -> None:
    """Contrast, offset and misfit of every sector."""
    contrast, offset = (np.asarray(x, float) for x in result.model.scaling(data.geometry))
    q, phi = sector_arrays(data.geometry)
    shown = table("sector>", "q (Å⁻¹)>", "φ (°)>", "contrast>", "offset>", "mean (r/σ)²>")
    for k in range(min(data.n_sector, _SECTORS)):
        sigma = [
            result.parameters[f"{name}[{k}]"].uncertainty if f"{name}[{k}]" in result.parameters else math.nan
            for name in _OF_SECTORS
        ]
        shown.add_row(
            str(k),
            f"{q[k]:.5g}",
            "" if phi is None else f"{phi[k]:.4g}",
            value_text(float(contrast[k]), sigma[0]),
            value_text(float(offset[k]), sigma[1]),
            f"{misfit[k]:.3f}",
        )
    console.print(shown)
    if data.n_sector > _SECTORS:
        console.print(f"… and {data.n_sector - _SECTORS} more in the result files.")


def _sigma(parameter: Parameter) -> str:
    if parameter.at_bound:
        return "at bound"
    if not parameter.free:
        return "held"
    return "undetermined" if math.isinf(parameter.uncertainty) else uncertainty_text(parameter.uncertainty)
