"""All sectors of a fit at a glance."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .layout import sized
from .panels import Panels
from .sector_pages import residual_label, round_times
from .style import MASKED, RESIDUALS, WIDTH, Look, azimuth

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ACROSS = 8
_ROWS = ("data", "model", "residual")

# Inches.
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.75, 0.08, 0.46, 0.4
_BETWEEN, _BLOCK = 0.06, 0.22


def overview(panels: Panels, look: Look) -> "Figure":
    """Data over model over residual, sector beside sector, eight at most in a row.

    All maps are images on one pair of axes, in inches from the upper left corner: a pair for each takes longer to draw.
    """
    import matplotlib as mpl
    from matplotlib.collections import LineCollection

    shown = panels.of_sectors
    across = min(_ACROSS, len(shown))
    size = (WIDTH - _LEFT - _RIGHT - (across - 1) * _BETWEEN) / across
    tall = 3 * size + 2 * _BETWEEN
    height = _TOP + -(-len(shown) // across) * (tall + _BLOCK) + _BOTTOM
    figure = sized(height, look)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set_facecolor("none")
    frames = []
    for place, one in enumerate(shown):
        block, column = divmod(place, across)
        left, lowest = _LEFT + column * (size + _BETWEEN), place + across >= len(shown)
        for row, values in enumerate((one.data, one.model, one.residual)):
            top = _TOP + _BLOCK + block * (tall + _BLOCK) + row * (size + _BETWEEN)
            box = (left, left + size, top + size, top)
            axes.imshow(_coloured(values, panels, look, row == 2), extent=box, origin="lower", aspect="auto")
            frames.append([(box[0], box[2]), (box[1], box[2]), (box[1], box[3]), (box[0], box[3]), (box[0], box[2])])
            if column == 0:
                _label_times(axes, panels, box, upwards=True)
                axes.text(0.1, top + size / 2, _ROWS[row], rotation=90, ha="center", va="center")
                axes.text(0.25, top + size / 2, "t₂  (s)", rotation=90, ha="center", va="center")
            if row == 0:
                axes.text(left + size / 2, top - 0.05, _name(panels, place), ha="center", va="bottom")
            if row == 2 and lowest:
                _label_times(axes, panels, box, upwards=False)
                axes.text(left + size / 2, top + size + 0.3, "t₁  (s)", ha="center", va="center")
    axes.add_collection(LineCollection(frames, colors=mpl.rcParams["axes.edgecolor"], linewidths=0.6))
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)
    _colour_bars(figure, panels, look, height)
    return figure


def _coloured(values: np.ndarray, panels: Panels, look: Look, residual: bool) -> np.ndarray:
    """A map as colours, `(n, n, 4)`; masked pixels grey."""
    import matplotlib as mpl

    made = mpl.colormaps[RESIDUALS if residual else look.colours].with_extremes(bad=MASKED)
    return made(_norm(panels, residual)(np.ma.masked_invalid(values)), bytes=True)


def _norm(panels: Panels, residual: bool) -> Any:
    from matplotlib.colors import Normalize

    scales = panels.scales
    return Normalize(-scales.residual, scales.residual) if residual else Normalize(scales.low, scales.high)


def _label_times(axes: "Axes", panels: Panels, box: tuple[float, float, float, float], upwards: bool) -> None:
    """Ticks and times along the left or the lower side of the map in `box`: left, right, bottom, top."""
    import matplotlib as mpl

    left, right, bottom, top = box
    low, high = panels.edges[0], panels.edges[-1]
    for time in round_times(low, high):
        part = (time - low) / (high - low)
        if upwards:
            y = bottom + part * (top - bottom)
            axes.plot([left - 0.035, left], [y, y], color=mpl.rcParams["axes.edgecolor"], lw=0.6)
            axes.text(left - 0.06, y, f"{time:g}", ha="right", va="center", size="small")
        else:
            x = left + part * (right - left)
            axes.plot([x, x], [bottom, bottom + 0.035], color=mpl.rcParams["axes.edgecolor"], lw=0.6)
            axes.text(x, bottom + 0.06, f"{time:g}", ha="center", va="top", size="small")


def _colour_bars(figure: "Figure", panels: Panels, look: Look, height: float) -> None:
    from matplotlib.cm import ScalarMappable
    from matplotlib.ticker import MaxNLocator

    width = WIDTH - _LEFT - _RIGHT
    for residual, left, label in ((False, 0.0, "g₂"), (True, 0.55, residual_label(panels.scales))):
        corner = ((_LEFT + left * width) / WIDTH, 1 - 0.30 / height)
        bar = figure.add_axes((*corner, 0.42 * width / WIDTH, 0.08 / height))
        image = ScalarMappable(_norm(panels, residual), RESIDUALS if residual else look.colours)
        made = figure.colorbar(image, cax=bar, orientation="horizontal", extend="both")
        made.locator = MaxNLocator(5)
        bar.set_title(label, pad=3)
        bar.tick_params(pad=1.5)


def _name(panels: Panels, place: int) -> str:
    several_q = len({one.sector.q for one in panels.of_sectors}) > 1
    sector = panels.of_sectors[place].sector
    q = f"{sector.q:.3g} Å⁻¹"
    return q if sector.phi is None else f"{azimuth(sector.phi)}, {q}" if several_q else azimuth(sector.phi)
