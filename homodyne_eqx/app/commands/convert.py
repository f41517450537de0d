"""`homodyne-eqx convert`: a two-time file of any layout into one in the APS-U layout."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from .. import options as opt
from ..bad_input import refuses_bad_input
from ..loading import load_maps
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
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
    **layout_options: Any,
) -> None:
    """Write a two-time file again in the APS-U layout, with a checksum of each map, which reading verifies.

    What was given is stored: gap, q and azimuths, times. Sigma is stored where the file states it or --sigma gives it.
    The maps become float32 and keep their diagonal; one triangle is stored.
    """
    if to.exists() and not force:
        raise FileExistsError(f"{to} exists and is not overwritten. Choose another name, or pass --force.")
    set_up_jax()
    from ...data import save
    from ...data.errors import MissingSigma

    options = {"q": q, "phi": phi, "sectors": sector, "frames": frames, "gap": gap, **layout_options}
    with_sigma = True
    try:
        data = load_maps(file, sigma=sigma, **options)
    except MissingSigma:
        with_sigma = False
        data = load_maps(file, sigma="1", **options)
    save(data, to, with_sigma=with_sigma, overwrite=force)
    console = Console(file=sys.stdout)
    for note in data.notes:
        console.print(f"note: {note}", highlight=False, markup=False)
    said = f"wrote {to}: {data.n_sector} sectors × {data.n_t} frames{'' if with_sigma else ', without sigma'}"
    console.print(said, highlight=False, markup=False)
