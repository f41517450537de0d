"""The maps of many sectors at a glance, on one scale."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .data_look import SectorLook
from .sector_pages import round_times
from .style import MASKED, WIDTH, Look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MAPS_A_PAGE = 48
_MOST_ACROSS = 8
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.62, 0.1, 0.5, 0.4
_BETWEEN, _TITLE = 0.07, 0.17


def value_limits(looks: Sequence[SectorLook]) -> tuple[float, float]:
    """A colour scale for all maps: it holds 98 % of their pixels."""
    values = np.concatenate([look.small[np.isfinite(look.small)] for look in looks])
    if not values.size:
        return 1.0, 2.0
    low, high = np.percentile(values, [1, 99])
    margin = 0.03 * (high - low) or 1e-3
    return float(low - margin), float(high + margin)


def map_page(
    looks: Sequence[SectorLook], edges: np.ndarray, limits: tuple[float, float], frames: Sequence[float] = ()
) -> "Figure":
    """Small maps, t1 to the right and t2 upwards, excluded pixels grey; ticks in red at the times of `frames`, s."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    across = min(_MOST_ACROSS, max(math.ceil(math.sqrt(1.4 * len(looks))), min(len(looks), 4), 3))
    down = -(-len(looks) // across)
    size = (WIDTH - _LEFT - _RIGHT - (across - 1) * _BETWEEN) / across
    height = _TOP + down * (size + _TITLE) + _BOTTOM
    free = max(across - len(looks), 0) * (size + _BETWEEN)
    figure = Figure(figsize=(WIDTH, height))

    def box(left: float, top: float, width: float, tall: float):
        return figure.add_axes((left / WIDTH, 1 - (top + tall) / height, width / WIDTH, tall / height))

    image = None
    for place, look in enumerate(looks):
        row, column = divmod(place, across)
        top = _TOP + _TITLE + row * (size + _TITLE)
        axes = box(_LEFT + free / 2 + column * (size + _BETWEEN), top, size, size)
        axes.set_facecolor(MASKED)
        shown = np.ma.masked_invalid(look.small)
        image = axes.pcolorfast(edges, edges, shown, cmap=Look().colours, vmin=limits[0], vmax=limits[1])
        axes.set_title(look.name, pad=3, fontsize=6.5 if across > 5 else 8)
        ticks = round_times(edges[0], edges[-1])
        axes.set_xticks(ticks)
        axes.set_yticks(ticks)
        lowest = place + across >= len(looks)
        axes.tick_params(labelleft=column == 0, labelbottom=lowest)
        if column == 0:
            axes.set_ylabel("$t_2$  (s)", labelpad=2)
        if lowest:
            axes.set_xlabel("$t_1$  (s)", labelpad=2)
        marks = {"color": "red", "markersize": 3, "clip_on": False}
        axes.plot(frames, np.ones(len(frames)), "|", transform=axes.get_xaxis_transform(), **marks)
        axes.plot(np.ones(len(frames)), frames, "_", transform=axes.get_yaxis_transform(), **marks)
        axes.set_xlim(edges[0], edges[-1])
        axes.set_ylim(edges[0], edges[-1])
    across_all = WIDTH - _LEFT - _RIGHT
    bar = box(_LEFT + 0.29 * across_all, 0.2, 0.42 * across_all, 0.08)
    made = figure.colorbar(image, cax=bar, orientation="horizontal", extend="both")
    made.locator = MaxNLocator(5)
    bar.set_title("$g_2$, sector by sector" + (";  red: frames that do not fit" if len(frames) else ""), pad=3)
    bar.tick_params(pad=1.5)
    return figure
