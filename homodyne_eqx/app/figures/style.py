"""Type, sizes and colours that all figures share."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from ...physics.minus_sign import with_minus

WIDTH = 7.2
"""Inches: two columns of a journal page."""

VALUES = "viridis"
RESIDUALS = "RdBu_r"
MASKED = "0.8"

_RC = {
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "axes.linewidth": 0.6,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "xtick.direction": "out",
    "ytick.direction": "out",
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.size": 1.5,
    "ytick.minor.size": 1.5,
    "legend.fontsize": 7,
    "legend.frameon": False,
    "lines.linewidth": 1.0,
    "figure.dpi": 200,
    "savefig.dpi": 200,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "mathtext.fontset": "dejavusans",
}


@contextmanager
def figure_style() -> Iterator[None]:
    """Matplotlib's settings for all that is drawn within."""
    import matplotlib as mpl

    with mpl.rc_context(_RC):
        yield


def colours(count: int, name: str = "plasma") -> list:
    """Colours from dark to bright for ordered curves, none too pale for white paper."""
    import matplotlib as mpl

    return [mpl.colormaps[name](x) for x in np.linspace(0.05, 0.8, count)]


def sector_title(q: float, phi: float | None) -> str:
    """Azimuth and scattering vector of a sector, each on a line."""
    direction = "" if phi is None else f"φ = {azimuth(phi)}\n"
    return f"{direction}q = {q:.4g} Å$^{{-1}}$"


def azimuth(phi: float) -> str:
    """Degrees, to a hundredth at most."""
    return with_minus(f"{round(phi, 2) + 0.0:.5g}°")
