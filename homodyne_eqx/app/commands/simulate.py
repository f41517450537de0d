"""`homodyne-eqx simulate`: a two-time file from a model."""

import sys
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console

from ...data.units import in_base_unit
from .. import options as opt
from ..assignments import values
from ..bad_input import refuses_bad_input
from ..model_choice import AccumulationName, KernelName, ModelChoice, ModelName
from ..runtime import set_up_jax

_GEOMETRY = "Detector and time"


@refuses_bad_input
def simulate(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="HDF5 file to write, in the APS-U layout.")],
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="NAME=VALUE", help="Value of a parameter; give all of them, contrast and offset included."
        ),
    ] = None,
    model: opt.Model = ModelName.laminar_flow,
    kernel: opt.Kernel = KernelName.gap_average,
    accumulation: opt.Accumulation = AccumulationName.trapezoid,
    q: Annotated[
        list[str] | None,
        typer.Option(
            metavar="Q", help="Scattering vector, Å⁻¹ or 0.05nm^-1; repeat for more.", rich_help_panel=_GEOMETRY
        ),
    ] = None,
    phi: Annotated[
        list[str] | None,
        typer.Option(
            metavar="DEGREES",
            help="Azimuth; repeat for more. There is one sector for each q and azimuth.",
            rich_help_panel=_GEOMETRY,
        ),
    ] = None,
    gap: opt.Gap = None,
    frames: Annotated[
        int | None, typer.Option(metavar="N", min=2, help="Number of frames.", rich_help_panel=_GEOMETRY)
    ] = None,
    first_frame: Annotated[
        int,
        typer.Option(
            metavar="N",
            min=0,
            help="Number of frames between the start of the flow and the first frame of the maps.",
            rich_help_panel=_GEOMETRY,
        ),
    ] = 0,
    dt: Annotated[
        str | None, typer.Option(metavar="SECONDS", help="Frame period, s or 1ms.", rich_help_panel=_GEOMETRY)
    ] = None,
    noise: Annotated[
        float | None,
        typer.Option(metavar="SIGMA", help="Standard deviation of the Gaussian noise of a pair of frames."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the noise.")] = 0,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write two-time maps of a model with white noise to a file.

    The metadata of the file say that it was simulated from a model, with all settings. A fit of such a file shows how
    well data of this kind determine the parameters, not whether the model is true. For a simulation from particles see
    examples/particle_simulation.py.
    """
    choice = ModelChoice(model, kernel, accumulation)
    parameters = values("--set", settings or (), choice.names)
    lacking = [name for name in choice.names if name not in parameters]
    if lacking:
        raise ValueError(
            f"--set leaves out {', '.join(lacking)}; expected a value for every parameter of {model.value}."
        )
    needed = {"--q": q, "--frames": frames, "--dt": dt, "--noise": noise}
    if choice.sheared:
        needed |= {"--phi": phi, "--gap": gap}
    absent = [name for name, value in needed.items() if value is None or value == []]
    if absent:
        raise ValueError(
            f"{', '.join(absent)} not given; expected for {model.value}. `simulate --help` ends with an example."
        )
    if not (noise is not None and np.isfinite(noise) and noise > 0):
        raise ValueError(f"--noise is {noise}; expected a standard deviation > 0, which the file states as its sigma.")
    period = in_base_unit("dt", dt, "time")
    if not period > 0:
        raise ValueError(f"--dt is {dt}; expected a frame period > 0 s.")
    vectors, angles = in_base_unit("q", q, "q"), in_base_unit("phi", phi, "angle")
    gap_in_angstrom = in_base_unit("gap", gap, "length")
    if file.exists() and not force:
        raise FileExistsError(f"{file} exists and is not overwritten. Choose another name, or pass --force.")
    set_up_jax()
    import equinox as eqx

    from ...data import TwoTimeData, save_aps_u
    from ...physics.geometry import Geometry

    pairs = [(a, b) for a in vectors or () for b in (angles or [None])]
    t = period * (first_frame + np.arange(frames or 0))
    azimuths = np.array([b for _, b in pairs], float) if angles else None
    geometry = Geometry(q=np.array([a for a, _ in pairs]), phi=azimuths, gap=gap_in_angstrom, t=t, dt=period)
    g2 = np.asarray(eqx.filter_jit(choice.build(dict(parameters)))(geometry))
    rng = np.random.default_rng(seed)
    upper = np.triu(noise * rng.standard_normal(g2.shape), 1)
    data = TwoTimeData((g2 + upper + upper.swapaxes(1, 2)).astype(np.float32), geometry, sigma=noise)
    metadata = {
        "simulated": "from a model with white Gaussian noise, not from particles; the diagonal has no shot noise",
        "model": model.value,
        "kernel": kernel.value if choice.sheared else "none",
        "accumulation": accumulation.value,
        "seed": seed,
        **{f"true_{name}": value for name, value in parameters.items()},
    }
    save_aps_u(file, data, metadata=metadata, overwrite=force)
    Console(file=sys.stdout).print(
        f"wrote {file}: {data.n_sector} sectors × {data.n_t} frames, simulated from the model, seed {seed}",
        highlight=False,
        markup=False,
    )
