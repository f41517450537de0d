"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

from ..data.formats import READERS
from .completion import models
from .model_choice import AccumulationName, KernelName, LossName, ModelName, RatesName, ScalingName, WeightsName

MODEL, DATA, PARAMETERS, OUTPUT = "Model", "Data selection", "Parameters", "Output"
"""Headings of the help texts."""

TwoTimeFile = Annotated[
    Path,
    typer.Argument(metavar="FILE", help=f"Two-time file: {', or '.join(reader.description for reader in READERS)}."),
]
Model = Annotated[
    ModelName,
    typer.Option(
        help="laminar-flow: D0, alpha, D_offset, gamma_dot_t0, beta, gamma_dot_t_offset, "
        "phi0. static: the first three.",
        rich_help_panel=MODEL,
    ),
]
AnyModel = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        autocompletion=models,
        help="laminar-flow (default for maps): D0, alpha, D_offset, gamma_dot_t0, beta, gamma_dot_t_offset, phi0. "
        "static: the first three. stretched-laminar-flow, stretched-static: with a stretching exponent. "
        "ballistic: a velocity. two-component: two populations; one drifts along phi0, with cos(phi0 − phi); xpcsjax "
        "has the opposite sign. For one-time g2: rates (default), a relaxation rate in each sector; stretched-rates, "
        "the same with one exponent for all; diffusion, one D for all q; anomalous, a power of the lag. "
        "FILE.py:FUNCTION: your function, from the data to the start model. Models of installed packages (entry "
        "points of the group homodyne_eqx.models).",
        rich_help_panel=MODEL,
    ),
]
Kernel = Annotated[
    KernelName,
    typer.Option(
        help="gap-average: exact for uniform shear. sinc-squared: the documented form, whose shear rate is 2.2 to 2.3 "
        "times larger.",
        rich_help_panel=MODEL,
    ),
]
Accumulation = Annotated[
    AccumulationName,
    typer.Option(
        help="How the rates are integrated over time: the documented trapezoid rule, or the exact integral of the "
        "power law.",
        rich_help_panel=MODEL,
    ),
]
Rates = Annotated[
    RatesName,
    typer.Option(
        help="power-law: D0·t^alpha + D_offset, and the shear rate likewise. constant: D0 and gamma_dot_t0 only, with "
        "the exponents and offsets fixed at 0. spline: free-form, a value at each of --knots times with a smooth curve "
        "through them.",
        rich_help_panel=MODEL,
    ),
]
DiffusionRates = Annotated[
    RatesName | None,
    typer.Option(help="The same for the transport coefficient only; by default as --rates.", rich_help_panel=MODEL),
]
ShearRates = Annotated[
    RatesName | None,
    typer.Option(
        help="The same for the shear rate, or the velocity, only; by default as --rates.", rich_help_panel=MODEL
    ),
]
Knots = Annotated[
    int,
    typer.Option(
        metavar="N",
        min=2,
        help="How many times a spline has, evenly spaced in log t from the first frame after t = 0 to the last.",
        rich_help_panel=MODEL,
    ),
]
Scaling = Annotated[
    ScalingName,
    typer.Option(help="Contrast and offset: one pair for each sector, or one for all.", rich_help_panel=MODEL),
]
QRange = Annotated[
    tuple[str, str] | None,
    typer.Option(
        "--q",
        metavar="LO HI",
        help="Sectors with q from LO to HI, Å⁻¹, or with a unit: 0.05nm^-1.",
        rich_help_panel=DATA,
    ),
]
PhiRange = Annotated[
    tuple[str, str] | None,
    typer.Option(
        "--phi", metavar="LO HI", help="Sectors with azimuth from LO to HI, degrees, modulo 360.", rich_help_panel=DATA
    ),
]
Sectors = Annotated[
    list[int] | None,
    typer.Option(
        "--sector",
        metavar="N",
        help="Sector number, counted from 0 as in `inspect`; repeat for more.",
        rich_help_panel=DATA,
    ),
]
Frames = Annotated[
    tuple[int, int] | None,
    typer.Option(
        "--frames",
        metavar="A B",
        help="Frames A to B − 1 of the maps, counted from 0. Times keep their origin.",
        rich_help_panel=DATA,
    ),
]
ExcludeFrames = Annotated[
    str | None,
    typer.Option(
        "--exclude-frames",
        metavar="LIST|found",
        help="Leave out bad frames, counted from 0 as in `inspect`: numbers and ranges such as 61,70-75, or `found` "
        "for those that do not fit their neighbours.",
        rich_help_panel=DATA,
    ),
]
ExcludeOutliers = Annotated[
    bool,
    typer.Option(
        "--exclude-outliers", help="Leave out single pixels that are far from those around them.", rich_help_panel=DATA
    ),
]
ExcludeSectors = Annotated[
    str | None,
    typer.Option(
        "--exclude-sectors",
        metavar="LIST",
        help="Leave out sectors, counted from 0 as in `inspect`: numbers and ranges such as 3,8-11.",
        rich_help_panel=DATA,
    ),
]
BinFrames = Annotated[
    int | None,
    typer.Option(
        "--bin-frames",
        metavar="N",
        help="Average N adjacent frames, blocks of N × N pairs, after bad ones are left out.",
        rich_help_panel=DATA,
    ),
]
Repeats = Annotated[
    list[Path] | None,
    typer.Option(
        "--repeat",
        metavar="FILE",
        help="A repeated measurement, averaged with FILE; give the option again for more files. For three or more, "
        "sigma is their scatter.",
        rich_help_panel=DATA,
    ),
]
Gap = Annotated[
    str | None,
    typer.Option(
        "--gap",
        metavar="ANGSTROM",
        help="Distance between the sheared walls, Å, or with a unit: 200um. Beamline files do not hold it.",
        rich_help_panel=DATA,
    ),
]
Sigma = Annotated[
    str | None,
    typer.Option(
        "--sigma",
        metavar="VALUE|estimate",
        help="Standard deviation of a pixel of c2, or `estimate` for the scatter of the far-lag plateau. "
        "Needed if the file holds none: there is no default.",
        rich_help_panel=DATA,
    ),
]
StartFrom = Annotated[
    Path | None,
    typer.Option(
        "--start-from",
        metavar="RESULT",
        help="Start at the parameters of an earlier result: its folder, or its result.json. The output lists those "
        "that the model does not have.",
        rich_help_panel=PARAMETERS,
    ),
]
StartValues = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=VALUE",
        help="Start value, or for contrast and offset one for each sector, with commas; other start values are "
        "estimated from the data.",
        rich_help_panel=PARAMETERS,
    ),
]
Fix = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME[=VALUE]", help="Fix a parameter, at VALUE or at its start value.", rich_help_panel=PARAMETERS
    ),
]
Bounds = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NAME=LO:HI",
        help="Keep a parameter between LO and HI; leave one of them out for no bound on that side.",
        rich_help_panel=PARAMETERS,
    ),
]
Loss = Annotated[
    LossName,
    typer.Option(
        metavar="NAME",
        help="squares; or soft-l1, huber, cauchy, in which outliers have less influence.",
        rich_help_panel=PARAMETERS,
    ),
]
Weights = Annotated[
    WeightsName,
    typer.Option(
        metavar="NAME",
        help="independent; or speckle, for smaller errors if the model is right (1.2 to 5 times for most rates).",
        rich_help_panel=PARAMETERS,
    ),
]
MaxSteps = Annotated[int, typer.Option(min=1, help="Largest number of steps.", rich_help_panel=PARAMETERS)]
Force = Annotated[bool, typer.Option("--force", help="Replace existing results.", rich_help_panel=OUTPUT)]
Figures = Annotated[bool, typer.Option("--figures/--no-figures", help="Draw the figures.", rich_help_panel=OUTPUT)]
Report = Annotated[
    bool | None,
    typer.Option(
        "--report/--no-report", help="Write report.html; by default as for the figures.", rich_help_panel=OUTPUT
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", help="Print errors only.", rich_help_panel=OUTPUT)]
AsJson = Annotated[
    bool,
    typer.Option(
        "--json", help="Print the result as JSON on stdout, and everything else on stderr.", rich_help_panel=OUTPUT
    ),
]
Threads = Annotated[
    int | None, typer.Option(metavar="N", help="Use at most N threads; all cores by default.", rich_help_panel=OUTPUT)
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        metavar="DIR",
        help="Folder for result.json, result.h5 and curves.csv, written completely or not at all before anything is "
        "printed, then report.html and figures/. Without this option nothing is written.",
        rich_help_panel=OUTPUT,
    ),
]


OneTime = Annotated[
    bool,
    typer.Option(
        "--one-time",
        help="Read the one-time g2 of a file that also holds maps. A file without maps needs no flag.",
        rich_help_panel=DATA,
    ),
]


def sigma_of(text: str | None) -> float | str | None:
    """The value of `--sigma` as `hx.load` takes it.

    **Raises:** `ValueError` for a word other than `estimate`.
    """
    if text is None or text == "estimate":
        return text
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"--sigma is {text!r}; expected a number > 0, or estimate.") from None
