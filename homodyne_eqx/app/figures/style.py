"""Type, sizes and colours that all figures share."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import final

import numpy as np

from ...fit.result.sectors import SectorFit
from ...physics.minus_sign import with_minus

WIDTH = 7.2
"""Inches: two columns of a journal page."""

RESIDUALS = "RdBu_r"
MASKED = "0.8"
_NARROWEST = 2.0

_RC = {
    "font.family": "sans-serif",
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.titley": 1.0,  # known, it is not looked for, which takes as long as drawing
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
_SCALED = ("size", "width", "fontsize")


@final
@dataclass(frozen=True)
class Look:
    """The style of the figures that a user may choose.

    - `colours`: a colour map of Matplotlib, for maps of g2;
    - `width`: of a figure, inches: 7.2 fills two columns of a journal page. Type and lines grow and shrink with it;
    - `style`: a style sheet of Matplotlib, by name or file, over the settings of this package; none unless given.
    """

    colours: str = "viridis"
    width: float = WIDTH
    style: str | None = None

    @property
    def scale(self) -> float:
        """The factor for all sizes that are meant for a figure of `WIDTH`."""
        return self.width / WIDTH


def checked_look(look: Look) -> Look:
    """The same look. **Raises:** `ValueError` for colours or a style that there are not, and a width below 2 inches."""
    import matplotlib as mpl
    from matplotlib import style

    if look.colours not in mpl.colormaps:
        raise ValueError(
            f"colours is {look.colours!r}; expected the name of a colour map of Matplotlib, such as viridis, magma, "
            "cividis or jet."
        )
    if not look.width >= _NARROWEST:
        raise ValueError(f"width is {look.width:g}; expected inches, {_NARROWEST:g} or more.")
    if look.style is not None:
        try:
            with style.context(look.style):
                pass
        except OSError as error:
            known = ", ".join(name for name in style.available if not name.startswith("_"))
            raise ValueError(
                f"style is {look.style!r}; expected the path of a style sheet of Matplotlib, or one of {known}."
            ) from error
    return look


@contextmanager
def figure_style(look: Look = Look()) -> Iterator[None]:
    """Matplotlib's settings for all that is drawn within."""
    import matplotlib as mpl
    from matplotlib import style

    scaled = {name: _RC[name] * look.scale for name in _RC if name.endswith(_SCALED)}
    with mpl.rc_context({**_RC, **scaled}):
        if look.style is not None:
            style.use(look.style)
        yield


def colours(count: int, name: str = "plasma") -> list:
    """Colours from dark to bright for ordered curves, none too pale for white paper."""
    import matplotlib as mpl

    return [mpl.colormaps[name](x) for x in np.linspace(0.05, 0.8, count)]


def sector_title(sector: SectorFit) -> str:
    """Number, azimuth and scattering vector of a sector, each on a line."""
    direction = "" if sector.phi is None else f"φ = {azimuth(sector.phi)}\n"
    return f"sector {sector.index}\n{direction}q = {sector.q:.4g} Å⁻¹"


def azimuth(phi: float) -> str:
    """Degrees, to a hundredth at most."""
    return with_minus(f"{round(phi, 2) + 0.0:.5g}°")
