"""All sectors of a fit at a glance."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from .layout import sized
from .panels import Panels, SectorPanels
from .sector_pages import residual_label, round_times
from .style import MASKED, RESIDUALS, WIDTH, Look, azimuth

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_ACROSS = 8
_ROWS = ("data", "model", "residual")

# Inches.
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.75, 0.08, 0.46, 0.4
_BLOCK = 0.22
_GAP = 0.07
"""Between two maps, in units of their side."""


def overview(panels: Panels, look: Look) -> "Figure":
    """Data over model over residual, sector beside sector, eight at most in a row.

    The maps of a row are one image, all on one pair of axes, in inches from the upper left corner: an image and a pair
    of axes for each map take longer to draw.
    """
    import matplotlib as mpl
    from matplotlib.collections import LineCollection

    shown, n = panels.of_sectors, len(panels.edges) - 1
    across, gap = min(_ACROSS, len(shown)), max(1, round(_GAP * n))
    size = (WIDTH - _LEFT - _RIGHT) / (across + (across - 1) * gap / n)
    step = size * (1 + gap / n)
    tall = 2 * step + size
    height = _TOP + -(-len(shown) // across) * (tall + _BLOCK) + _BOTTOM
    figure = sized(height, look)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    frames = []
    for first in range(0, len(shown), across):
        members = shown[first : first + across]
        top = _TOP + _BLOCK + first // across * (tall + _BLOCK)
        right = _LEFT + (len(members) - 1) * step + size
        axes.imshow(_image(members, gap, panels, look), extent=(_LEFT, right, top + tall, top), aspect="auto")
        for column, row in np.ndindex(len(members), 3):
            box = _box(_LEFT + column * step, top + row * step, size)
            left, _, lower, upper = box
            frames.append([(box[i], box[j]) for i, j in ((0, 2), (1, 2), (1, 3), (0, 3), (0, 2))])
            if column == 0:
                _label_times(axes, panels, box, upwards=True)
                axes.text(0.1, (lower + upper) / 2, _ROWS[row], rotation=90, ha="center", va="center")
                axes.text(0.25, (lower + upper) / 2, "t₂  (s)", rotation=90, ha="center", va="center")
            if row == 0:
                axes.text(left + size / 2, top - 0.05, _name(panels, first + column), ha="center", va="bottom")
            if row == 2 and first + column + across >= len(shown):
                _label_times(axes, panels, box, upwards=False)
                axes.text(left + size / 2, lower + 0.3, "t₁  (s)", ha="center", va="center")
    axes.add_collection(LineCollection(frames, colors=mpl.rcParams["axes.edgecolor"], linewidths=0.6))
    axes.set_xlim(0, WIDTH)
    axes.set_ylim(height, 0)
    _colour_bars(figure, panels, look, height)
    return figure


def _box(left: float, top: float, size: float) -> tuple[float, float, float, float]:
    """Left, right, lower and upper end of a map."""
    return left, left + size, top + size, top


def _image(members: Sequence[SectorPanels], gap: int, panels: Panels, look: Look) -> np.ndarray:
    """The maps of some sectors as one image, `(3 n + 2 gap, …, 4)`, transparent between them; t2 upwards."""
    n = len(panels.edges) - 1
    image = np.zeros((3 * n + 2 * gap, len(members) * (n + gap) - gap, 4), np.uint8)
    for column, one in enumerate(members):
        for row, values in enumerate((one.data, one.model, one.residual)):
            y, x = row * (n + gap), column * (n + gap)
            image[y : y + n, x : x + n] = _coloured(values, panels, look, row == 2)[::-1]
    return image


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
