"""g2 over the lag, sector by sector, before a fit."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .data_look import SectorLook
from .style import WIDTH, colours

if TYPE_CHECKING:
    from matplotlib.figure import Figure

CUTS_A_PAGE = 24
_MOST_ACROSS = 4


def cut_page(looks: Sequence[SectorLook]) -> "Figure":
    """Points: g2 at four ages, from early (dark) to late (bright); line: the mean over all ages. One scale of lags."""
    from matplotlib.figure import Figure

    across = min(_MOST_ACROSS, max(math.ceil(math.sqrt(len(looks))), min(len(looks), 2)))
    down = -(-len(looks) // across)
    figure = Figure(figsize=(WIDTH, 0.75 + 1.35 * down), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, sharex=True)
    ages: dict[str, object] = {}
    for axes, look in zip(np.ravel(grid), looks, strict=False):
        for cut, colour in zip(look.cuts, colours(4), strict=False):
            style = {"markersize": 2.5, "markerfacecolor": "white", "markeredgewidth": 0.6}
            (points,) = axes.plot(cut.bin_lag, cut.data, "o", color=colour, **style)
            ages.setdefault(f"{cut.age:.3g} s", points)
        (line,) = axes.plot(*look.mean_cut, color="0.2", lw=0.9)
        ages.setdefault("mean", line)
        axes.set_xscale("log")
        axes.set_title(look.name, pad=2, fontsize=7)
        axes.margins(x=0.04, y=0.08)
    for axes in np.ravel(grid)[len(looks) :]:
        axes.set_axis_off()
    for column in range(across):
        lowest = max(row for row in range(down) if row * across + column < len(looks))
        grid[lowest, column].set_xlabel("lag  (s)", labelpad=1)
        grid[lowest, column].tick_params(labelbottom=True)
    for row in range(down):
        grid[row, 0].set_ylabel("$g_2$", labelpad=2)
    figure.legend(list(ages.values()), list(ages), loc="outside upper center", ncols=len(ages), title="at ages of")
    return figure
