"""`homodyne-eqx convert`: a two-time file of any layout into one in the APS-U layout."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from .. import options as opt
from ..bad_input import refuses_bad_input
from ..runtime import set_up_jax


@refuses_bad_input
def convert(
    file: opt.TwoTimeFile,
    to: Annotated[Path, typer.Argument(metavar="OUT", help="HDF5 file to write, in the APS-U layout.")],
    q: opt.QRange = None,
    phi: opt.PhiRange = None,
    sector: opt.Sectors = None,
    frames: opt.Frames = None,
    gap: opt.Gap = None,
    sigma: opt.Sigma = None,
    exclude_frames: opt.ExcludeFrames = None,
    exclude_outliers: opt.ExcludeOutliers = False,
    exclude_sectors: opt.ExcludeSectors = None,
    repeat: opt.Repeats = None,
    bin_frames: opt.BinFrames = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    **layout_options: Any,
) -> None:
    """Write a two-time file again in the APS-U layout, with a checksum of each map, which reading verifies.

    The file holds the values of the options (gap, q, azimuths, times), a mask of excluded pixels, and each step in the
    metadata. Sigma is stored if the file states it, or --sigma or three repeats give it. The maps become float32 and
    keep their diagonal; one triangle is stored.
    """
    if to.exists() and not force:
        raise FileExistsError(f"{to} exists and is not overwritten. Choose another name, or pass --force.")
    set_up_jax()
    from ...data import save
    from ...data.errors import MissingSigma
    from .. import report
    from ..preparing import Preparation, prepared

    options = {"q": q, "phi": phi, "sectors": sector, "frames": frames, "gap": gap, **layout_options}
    steps = Preparation(repeat or (), exclude_sectors, exclude_frames, exclude_outliers, bin_frames, look=False)
    with_sigma = True
    try:
        ready = prepared(file, steps, sigma=sigma, **options)
    except MissingSigma:
        with_sigma = False
        ready = prepared(file, steps, sigma="1", **options)
    data = ready.maps()
    save(data, to, with_sigma=with_sigma, overwrite=force)
    console = Console(file=sys.stdout)
    for kind, said in (("step", data.provenance.steps), ("note", data.notes)):
        for each in said:
            console.print(f"{kind}: {each}", highlight=False, markup=False)
    for excluded, remaining in zip(ready.excluded, ready.remaining, strict=True):
        report.print_found(console, excluded, remaining)
    said = f"wrote {to}: {data.n_sector} sectors × {data.n_t} frames{'' if with_sigma else ', without sigma'}"
    console.print(said, highlight=False, markup=False)
