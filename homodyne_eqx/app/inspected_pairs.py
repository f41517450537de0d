"""The output of `inspect` for one-time correlations and pairs."""

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from ..data import OneTimeData, PairData
from ..data.formats import READERS
from ..data.selection import sector_arrays
from ..physics.minus_sign import with_minus
from . import report
from .spelling import flags_of, printable

_SECTORS = 60
_ENDS = 3


def one_time_in(path: Path) -> list[str]:
    """Descriptions of the layouts of one-time correlations that a file has beside its maps."""
    return [reader.description for reader in READERS if reader.one_time and not reader.missing(path)]


def shown_pairs(
    console: Console,
    file: Path,
    data: OneTimeData | PairData,
    sigma: str,
    options: Mapping[str, Any],
    has_sigma: bool,
) -> None:
    """A table of the data, a table of the sectors, and a command to fit them."""
    source, pairs = data.provenance, data.pairs
    description = {reader.name: reader.description for reader in READERS}[str(source.format)]
    lags = pairs.lag[~pairs.left_out]
    rows = [
        ("file", str(file)),
        ("layout", f"{source.format}: {description}"),
        ("values", f"{data.n_sector} sectors, {pairs.n_values} values, {pairs.value.dtype}"),
        ("lags", f"{lags.min():.6g} to {lags.max():.6g} s"),
        ("sigma", sigma),
        ("excluded", str(data.excluded)),
        ("sha256", str(source.sha256)),
        *(("note", note) for note in data.notes),
    ]
    console.print(report.named_values(rows))
    console.print(_sectors(data))
    if data.n_sector > _SECTORS:
        console.print(f"… and {data.n_sector - _SECTORS} more sectors.")
    console.print("To fit them:", style="dim")
    parts = [f"homodyne-eqx fit {shlex.quote(str(file))}", *flags_of(options)]
    if not has_sigma:
        parts.append("--sigma <VALUE>")
    line = " ".join([*parts, "--output results"])
    console.print(f"  {printable(line)}", highlight=False, markup=False, soft_wrap=True)


def _sectors(data: OneTimeData | PairData) -> Any:
    shown = report.table("sector>", "q (Å⁻¹)>", "φ (°)>", "values>", "first g2>", "last g2>", "median sigma>")
    q, phi = sector_arrays(data.geometry)
    pairs = data.pairs
    for k in range(min(data.n_sector, _SECTORS)):
        here = (pairs.sector == k) & ~pairs.left_out
        value = pairs.value[here][np.argsort(pairs.lag[here], kind="stable")]
        shown.add_row(
            str(k),
            f"{q[k]:.5g}",
            "–" if phi is None else with_minus(f"{phi[k]:.5g}"),
            str(np.count_nonzero(here)),
            f"{np.mean(value[:_ENDS]):.4f}",
            f"{np.mean(value[-_ENDS:]):.4f}",
            f"{np.median(pairs.sigma[here]):.2g}",
        )
    return shown
