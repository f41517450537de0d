"""`homodyne-eqx inspect`: the content of a file."""

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from rich.console import Console

from ...data import TwoTimeData
from ...data.errors import MissingSigma, SigmaNotEstimated, WrongSigma, WrongSigmaPixel
from ...data.noise import describe_sigma
from ...physics.minus_sign import with_minus
from .. import options as opt
from ..bad_input import in_options, refuses_bad_input
from ..output_folder import check_output, whole_folder
from ..preparing import Preparation, Prepared, prepared
from ..runtime import set_up_jax
from ..spelling import InOptions, printable

_SECTORS = 60
_PICTURE = re.compile(r"(maps|cuts|g2)_\d+\.png|frames\.png")

Pictures = Annotated[
    Path | None,
    typer.Option(
        "--output",
        metavar="DIR",
        help="Folder for pictures: the maps of all sectors, row means frame by frame, g2 over the lag; of one-time "
        "data g2 with its errors.",
        rich_help_panel=opt.OUTPUT,
    ),
]
Replace = Annotated[bool, typer.Option("--force", help="Replace existing pictures.", rich_help_panel=opt.OUTPUT)]


@refuses_bad_input
def inspect(
    file: opt.TwoTimeFile,
    q: opt.QRange = None,
    phi: opt.PhiRange = None,
    sector: opt.Sectors = None,
    frames: opt.Frames = None,
    gap: opt.Gap = None,
    one_time: opt.OneTime = False,
    sigma: opt.Sigma = None,
    exclude_frames: opt.ExcludeFrames = None,
    exclude_outliers: opt.ExcludeOutliers = False,
    exclude_sectors: opt.ExcludeSectors = None,
    repeat: opt.Repeats = None,
    bin_frames: opt.BinFrames = None,
    output: Pictures = None,
    force: Replace = False,
    **layout_options: Any,
) -> None:
    """Print the content of a two-time file: layout, sectors, frames, noise, excluded pixels, and a command to fit it.

    With the options of `fit` it shows the data as `fit` would use them; --output DIR draws them. For a file of no
    known layout the message lists the parts that the file lacks for each layout (exit code 2).
    """
    console = Console(file=sys.stdout)
    ours = _pictures_in(output)
    if output is not None:
        from ..figures.drawing import require_matplotlib

        check_output(output, force, ours)
        require_matplotlib()
    set_up_jax()
    from ...data.selection import sector_arrays
    from .. import report
    from ..inspected_pairs import shown_pairs
    from ..model_proposal import fit_command, proposed_model
    from ..population import population_grid

    selection = {"q": q, "phi": phi, "sectors": sector, "frames": frames, "gap": gap, "one_time": one_time}
    selection |= layout_options
    steps = Preparation(repeat or (), exclude_sectors, exclude_frames, exclude_outliers, bin_frames)
    ready, has_sigma, of_sigma = _with_any_sigma(lambda value: prepared(file, steps, sigma=value, **selection), sigma)
    if not isinstance(ready.data, TwoTimeData):
        shown_pairs(console, file, ready.data, of_sigma, {**selection, "sigma": sigma}, has_sigma)
        if output is not None and not has_sigma:
            raise ValueError("Errors of g2 are drawn, and the file holds none. Pass --sigma VALUE.")
        if output is not None:
            from ..figures.data_lags import draw_lag_figures

            _write_pictures(console, output, force, ours, lambda folder: draw_lag_figures(ready.data, folder))
        return
    data = ready.data
    counted = [_counted(data, k) for k in range(data.n_sector)]
    proposal = proposed_model(data)
    rows = _rows(file, ready, of_sigma, f"{proposal.model.value}: {proposal.reason}")
    console.print(report.named_values(rows))
    for line in population_grid(*sector_arrays(data.geometry), counted):
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    console.print(_sectors(data, counted))
    if data.n_sector > _SECTORS:
        console.print(f"… and {data.n_sector - _SECTORS} more sectors.")
    given = {
        **selection,
        "exclude_frames": exclude_frames,
        "exclude_outliers": exclude_outliers,
        "exclude_sectors": exclude_sectors,
        "repeat": repeat,
        "bin_frames": bin_frames,
        "sigma": sigma,
    }
    for model in filter(None, (proposal.model, proposal.otherwise)):
        console.print("To fit it:" if model is proposal.model else "Without flow:", style="dim")
        command = printable(fit_command(model, file, data, given, not has_sigma))
        console.print(f"  {command}", highlight=False, markup=False, soft_wrap=True)
    if output is not None:
        from ..figures.data_figures import draw_data_figures

        _write_pictures(console, output, force, ours, lambda folder: draw_data_figures(data, folder))


def _write_pictures(
    console: Console, output: Path, force: bool, ours: frozenset[str], draw: Callable[[Path], list[Path]]
) -> None:
    with whole_folder(output, force, ours) as partial:
        names = [path.name for path in draw(partial)]
    console.print(f"wrote {output}: {', '.join(names)}", highlight=False, markup=False)


def _pictures_in(folder: Path | None) -> frozenset[str]:
    """Names of the pictures of an earlier call in the folder."""
    if folder is None or not folder.is_dir():
        return frozenset()
    return frozenset(entry.name for entry in folder.iterdir() if _PICTURE.fullmatch(entry.name))


def _rows(file: Path, ready: Prepared, of_sigma: str, model: str) -> list[tuple[str, str]]:
    from ...data.formats import READERS
    from ...data.selection import sector_arrays
    from ..inspected_pairs import one_time_in
    from ..population import population_line

    data, source = ready.maps(), ready.data.provenance
    description = {reader.name: reader.description for reader in READERS}[str(source.format)]
    geometry, t = data.geometry, np.asarray(data.geometry.t)
    suspicious = [f"{found}; to leave out: {found.remedy}" for found in ready.remaining if str(found)]
    rows = [
        ("file", str(file)),
        ("layout", f"{source.format}: {description}"),
        ("maps", f"{data.n_sector} sectors × {data.n_t} × {data.n_t} frames, {data.c2.dtype}"),
        ("sectors", population_line(*sector_arrays(geometry))),
        ("time", f"{t[0]:.6g} to {t[-1]:.6g} s, frame period {float(geometry.dt):.6g} s"),
        ("gap", "none in the file; needed for shear" if geometry.gap is None else f"{float(geometry.gap[0]):.6g} Å"),
        ("sigma", of_sigma),
        ("excluded", str(data.excluded)),
        *(("found", f"{found}, excluded") for found in ready.excluded if str(found)),
        *(("suspicious", said) for said in suspicious or ["no frame and no pixel"]),
        *(("step", step) for step in source.steps),
        ("sha256", "of each repeat: see above" if source.sha256 is None else source.sha256),
        *(("besides", f"{each}, read with --one-time") for each in one_time_in(file)),
        *(("note", note) for note in data.notes),
        ("model", model),
    ]
    if source.metadata:
        rows.append(("metadata", ", ".join(f"{name} = {_short(value)}" for name, value in source.metadata.items())))
    return rows


def _with_any_sigma(load: Callable[[str | None], Prepared], given: str | None) -> tuple[Prepared, bool, str]:
    """The data, whether there is a usable sigma without more flags, and a text on sigma.

    If there is none, sigma is estimated; if that is not possible, sigma is 1, which is not shown.
    """
    try:
        ready = load(given)
        data = ready.data
        used = data.sigma if isinstance(data, TwoTimeData) else data.pairs.sigma[~data.pairs.left_out]
        return ready, True, f"{describe_sigma(used)} ({data.sigma_source})"
    except (MissingSigma, WrongSigma, WrongSigmaPixel) as error:
        if given is not None:
            raise
        lacks = "none in the file;" if isinstance(error, MissingSigma) else error.problem(InOptions())
        if isinstance(error, MissingSigma) and not error.estimable:
            return load("1"), False, f"{lacks} it has to be given"
    try:
        ready = load("estimate")
        return ready, False, f"{lacks} --sigma estimate would take {describe_sigma(ready.maps().sigma)}"
    except SigmaNotEstimated as error:
        return load("1"), False, f"{lacks} none can be estimated: {in_options(error)}"


def _counted(data: TwoTimeData, k: int) -> float:
    """The part of the pairs of frames of a sector that counts."""
    excluded = data.map_and_excluded(k)[1]
    return float(np.count_nonzero(~excluded) / max(data.n_t * (data.n_t - 1), 1))


def _sectors(data: TwoTimeData, counted: list[float]):
    from ...data.selection import sector_arrays
    from .. import report

    q, phi = sector_arrays(data.geometry)
    shown = report.table("sector>", "q (Å⁻¹)>", "φ (°)>", "pairs used>", "next to diagonal>", "far lags>")
    for k in range(min(data.n_sector, _SECTORS)):
        c2, excluded = data.map_and_excluded(k)
        values = np.where(excluded, np.nan, c2)
        near = np.diagonal(values, 1)
        far = np.concatenate([np.diagonal(values, lag) for lag in range(-(-2 * data.n_t // 3), data.n_t)])
        shown.add_row(
            str(k),
            f"{q[k]:.5g}",
            "–" if phi is None else with_minus(f"{phi[k]:.5g}"),
            f"{100 * counted[k]:.3g} %",
            _shown(near[np.isfinite(near)], np.mean),
            _shown(far[np.isfinite(far)], np.median),
        )
    return shown


def _shown(values: np.ndarray, of: Callable[[np.ndarray], Any]) -> str:
    return f"{of(values):.4f}" if values.size else "–"


def _short(value: object) -> str:
    text = with_minus(f"{value:.6g}") if isinstance(value, float) else str(value)
    return text if len(text) <= 160 else text[:157] + "…"
