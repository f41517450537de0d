"""`homodyne-eqx inspect`: what is in a file."""

import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.text import Text

from ...data import OneTimeData, PairData, TwoTimeData
from ...data.errors import MissingSigma, SigmaNotEstimated, WrongSigma, WrongSigmaPixel
from ...data.noise import describe_sigma
from ...physics.minus_sign import with_minus
from .. import options as opt
from ..bad_input import in_options, refuses_bad_input
from ..loading import load_selected
from ..runtime import set_up_jax
from ..spelling import InOptions, flag, printable

_SECTORS = 60


@refuses_bad_input
def inspect(
    file: opt.TwoTimeFile,
    gap: opt.Gap = None,
    one_time: opt.OneTime = False,
    **layout_options: Any,
) -> None:
    """Print what is in a two-time file: layout, sectors, frames, noise, excluded pixels, and how to fit it.

    For a file of no known layout the message says what it lacks for each of them (exit code 2).
    """
    console = Console(file=sys.stdout)
    set_up_jax()
    from ...data.formats import READERS
    from ...data.two_time import sector_arrays
    from .. import report
    from ..found_in_data import without
    from ..inspected_pairs import one_time_in, shown_pairs

    data, has_sigma, sigma = _with_any_sigma(file, {"gap": gap, "one_time": one_time, **layout_options})
    if not isinstance(data, TwoTimeData):
        shown_pairs(console, file, data, sigma, {"one_time": one_time or None, **layout_options}, has_sigma)
        return
    found = without(data, None, False)[2]
    geometry, source = data.geometry, data.provenance
    description = {reader.name: reader.description for reader in READERS}[str(source.format)]
    t = np.asarray(geometry.t)
    q, phi = sector_arrays(geometry)
    rows = [
        ("file", str(file)),
        ("layout", f"{source.format}: {description}"),
        ("maps", f"{data.n_sector} sectors × {data.n_t} × {data.n_t} frames, {data.c2.dtype}"),
        ("time", f"{t[0]:.6g} to {t[-1]:.6g} s, frame period {float(geometry.dt):.6g} s"),
        ("gap", "none in the file; needed for shear" if geometry.gap is None else f"{float(geometry.gap[0]):.6g} Å"),
        ("sigma", sigma),
        ("excluded", str(data.excluded)),
        ("suspicious", f"{found}; to leave out: {found.remedy}" if str(found) else "no frame and no pixel"),
        ("sha256", str(source.sha256)),
        *(("besides", f"{each}, read with --one-time") for each in one_time_in(file)),
        *(("note", note) for note in data.notes),
    ]
    shown = report.table("", "")
    shown.show_header = False
    shown.columns[1].no_wrap = False
    shown.columns[1].overflow = "fold"
    if source.metadata:
        rows.append(("metadata", ", ".join(f"{name} = {_short(value)}" for name, value in source.metadata.items())))
    for name, value in rows:
        shown.add_row(name, Text(printable(value)))
    console.print(shown)
    console.print(_sectors(data, q, phi))
    if data.n_sector > _SECTORS:
        console.print(f"… and {data.n_sector - _SECTORS} more sectors.")
    console.print("To fit it:", style="dim")
    console.print(
        f"  {printable(_suggestion(file, data, has_sigma, layout_options))}",
        highlight=False,
        markup=False,
        soft_wrap=True,
    )


def _with_any_sigma(file: Path, options: dict[str, Any]) -> tuple[TwoTimeData | OneTimeData | PairData, bool, str]:
    """The data, whether the file holds a usable sigma, and a text on sigma.

    If it does not, sigma is estimated; if that is not possible, sigma is 1, which is not shown.
    """
    try:
        data = load_selected(file, **options)
        used = data.sigma if isinstance(data, TwoTimeData) else data.pairs.sigma[~data.pairs.left_out]
        return data, True, f"{describe_sigma(used)} ({data.sigma_source})"
    except (MissingSigma, WrongSigma, WrongSigmaPixel) as error:
        lacks = "none in the file;" if isinstance(error, MissingSigma) else error.problem(InOptions())
        if isinstance(error, MissingSigma) and not error.estimable:
            return load_selected(file, **options, sigma="1"), False, f"{lacks} it has to be given"
    try:
        data = load_selected(file, **options, sigma="estimate")
        return data, False, f"{lacks} --sigma estimate would take {describe_sigma(data.sigma)}"
    except SigmaNotEstimated as error:
        data = load_selected(file, **options, sigma="1")
        return data, False, f"{lacks} none can be estimated: {in_options(error)}"


def _sectors(data: TwoTimeData, q: np.ndarray, phi: np.ndarray | None):
    from .. import report

    shown = report.table("sector>", "q (Å⁻¹)>", "φ (°)>", "next to diagonal>", "far lags>")
    for k in range(min(data.n_sector, _SECTORS)):
        c2 = np.asarray(data.c2[k])
        near = np.nanmean(np.where(np.isfinite(np.diagonal(c2, 1)), np.diagonal(c2, 1), np.nan))
        far = np.concatenate([np.diagonal(c2, lag) for lag in range(-(-2 * data.n_t // 3), data.n_t)])
        far = far[np.isfinite(far)]
        plateau = f"{np.median(far):.4f}" if far.size else "–"
        shown.add_row(
            str(k), f"{q[k]:.5g}", "–" if phi is None else with_minus(f"{phi[k]:.5g}"), f"{near:.4f}", plateau
        )
    return shown


def _suggestion(file: Path, data: TwoTimeData, has_sigma: bool, options: dict[str, Any]) -> str:
    sheared = data.geometry.phi is not None and len(np.unique(np.asarray(data.geometry.phi))) > 1
    parts = [f"homodyne-eqx fit {shlex.quote(str(file))} --model {'laminar-flow' if sheared else 'static'}"]
    for name, value in options.items():
        if value is not None:
            parts.append(flag(name) if value is True else f"{flag(name)} {shlex.quote(str(value))}")
    if sheared and data.geometry.gap is None:
        parts.append("--gap <Å>")
    if not has_sigma:
        parts.append("--sigma estimate")
    return " ".join([*parts, "--output results"])


def _short(value: object) -> str:
    text = with_minus(f"{value:.6g}") if isinstance(value, float) else str(value)
    return text if len(text) <= 160 else text[:157] + "…"
