"""Data, model, residual and cuts of each sector, a few sectors a page."""

from typing import TYPE_CHECKING, Any

import numpy as np

from .layout import sized
from .panels import Panels, Scales, SectorPanels
from .style import MASKED, RESIDUALS, WIDTH, Look, colours, sector_title

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SECTORS_A_PAGE = 4

# Inches.
_LEFT, _PANEL, _BETWEEN, _TO_CUTS, _CUTS = 0.9, 1.34, 0.08, 0.56, 1.5
_TOP, _ROW, _BOTTOM = 0.52, 0.12, 0.4


def sector_page(panels: Panels, look: Look) -> "Figure":
    """A row for each sector: data, model, residual, and g2 over the lag at a few ages."""
    rows = len(panels.of_sectors)
    height = _TOP + _BOTTOM + rows * (_PANEL + _ROW)
    figure = sized(height, look)

    def box(left: float, top: float, width: float, tall: float) -> "Axes":
        return figure.add_axes((left / WIDTH, 1 - (top + tall) / height, width / WIDTH, tall / height))

    lefts = [_LEFT + k * (_PANEL + _BETWEEN) for k in range(3)]
    left_of_cuts = lefts[2] + _PANEL + _TO_CUTS
    images: list[Any] = [None, None, None]
    cuts: list[Axes] = []
    for row, shown in enumerate(panels.of_sectors):
        top = _TOP + _ROW + row * (_PANEL + _ROW)
        last = row == rows - 1
        for column, values in enumerate((shown.data, shown.model, shown.residual)):
            axes = box(lefts[column], top, _PANEL, _PANEL)
            images[column] = draw_map(axes, values, panels, look, residual=column == 2)
            label_times(axes, left=column == 0, bottom=last)
            if column == 0:
                axes.set_ylabel(f"{sector_title(shown.sector)}\nt₂  (s)", labelpad=2)
        cuts.append(box(left_of_cuts, top, _CUTS, _PANEL))
        draw_cuts(cuts[-1], shown, labelled=row == 0)
    on_common_axes(cuts)
    _head_cuts(figure, cuts[0], (left_of_cuts + _CUTS / 2) / WIDTH, height)
    values_bar = box(lefts[0] + 0.3, 0.24, 2 * _PANEL + _BETWEEN - 0.6, 0.08)
    residual_bar = box(lefts[2] + 0.08, 0.24, _PANEL - 0.16, 0.08)
    labels = ("g₂:  data  |  model", residual_label(panels.scales))
    for bar, image, label in zip((values_bar, residual_bar), images[::2], labels):
        figure.colorbar(image, cax=bar, orientation="horizontal", extend="both", ticklocation="bottom")
        bar.set_title(label, pad=3)
        bar.tick_params(pad=1.5)
    return figure


def on_common_axes(cuts: list["Axes"], across: int = 1) -> None:
    """The same limits for all, which stand `across` in a row; lags on the lowest and g2 on the leftmost alone."""
    from matplotlib.ticker import NullFormatter, NullLocator

    limits = np.array([(*axes.get_xlim(), *axes.get_ylim()) for axes in cuts])
    for place, axes in enumerate(cuts):
        axes.set_xlim(limits[:, 0].min(), limits[:, 1].max())
        axes.set_ylim(limits[:, 2].min(), limits[:, 3].max())
        if across > 1 or place + 1 < len(cuts):
            axes.xaxis.set_minor_locator(NullLocator())
        if place + across < len(cuts):
            axes.xaxis.set_major_formatter(NullFormatter())
        else:
            axes.set_xlabel("lag  |t₂ − t₁|  (s)" if across == 1 else "lag  (s)")
        if place % across:
            axes.yaxis.set_major_locator(NullLocator())
            axes.set_ylabel("")


def _head_cuts(figure: "Figure", cuts: "Axes", centre: float, height: float) -> None:
    """A heading over the cuts, with the ages, level with those of the colour bars."""
    figure.text(centre, 1 - 0.17 / height, "g₂ over lag, at ages of", ha="center", va="baseline")
    handles, labels = cuts.get_legend_handles_labels()
    figure.legend(
        handles,
        [f"{label} s" for label in labels],
        loc="upper center",
        bbox_to_anchor=(centre, 1 - 0.2 / height),
        ncols=2 if len(labels) > 2 else max(len(labels), 1),
        handlelength=1.2,
        handletextpad=0.4,
        columnspacing=1.2,
        labelspacing=0.2,
        borderaxespad=0,
    )


def residual_label(scales: Scales) -> str:
    """The label of a residual, with the blocks over which it was averaged."""
    averaged = "" if scales.block == 1 else f", mean of {scales.block}×{scales.block}"
    return f"(data − model)/σ{averaged}"


def draw_map(axes: "Axes", values: np.ndarray, panels: Panels, look: Look, residual: bool) -> Any:
    """One map with t1 to the right and t2 upwards; masked pixels grey."""
    scales, edges = panels.scales, panels.edges
    limits = (-scales.residual, scales.residual) if residual else (scales.low, scales.high)
    axes.set_facecolor(MASKED)
    shown = np.ma.masked_invalid(values)
    colours_of_map = RESIDUALS if residual else look.colours
    return axes.pcolorfast(edges, edges, shown, cmap=colours_of_map, vmin=limits[0], vmax=limits[1])


def label_times(axes: "Axes", left: bool, bottom: bool) -> None:
    """Times in seconds, on the outer maps alone."""
    from matplotlib.ticker import FixedLocator, NullLocator

    low, high = axes.get_xlim()
    ticks = round_times(low, high)
    axes.yaxis.set_major_locator(FixedLocator(ticks) if left else NullLocator())
    axes.xaxis.set_major_locator(FixedLocator(ticks) if bottom else NullLocator())
    if left:
        axes.set_ylabel("t₂  (s)", labelpad=2)
    if bottom:
        axes.set_xlabel("t₁  (s)")


def round_times(low: float, high: float) -> np.ndarray:
    """A few round numbers, none so close to the upper end that its label would touch that of the next map."""
    from matplotlib.ticker import MaxNLocator

    ticks = np.asarray(MaxNLocator(4, steps=[1, 2, 5, 10]).tick_values(low, high))
    return ticks[(ticks >= low) & (ticks <= high - 0.08 * (high - low))]


def draw_cuts(axes: "Axes", shown: SectorPanels, labelled: bool) -> None:
    """Points: data; lines: model; one colour an age, which a legend can name if `labelled`."""
    axes.set_xscale("log")
    plain_decades(axes)
    for cut, colour in zip(shown.cuts, colours(len(shown.cuts))):
        points = {"markersize": 3, "markerfacecolor": "white", "markeredgewidth": 0.7}
        axes.plot(cut.lag, cut.model, color=colour, zorder=2)
        axes.plot(cut.bin_lag, cut.data, "o", color=colour, zorder=3, **points)
        if labelled:
            axes.plot([], [], "o-", color=colour, label=f"{cut.age:.3g}", **points)
    axes.set_ylabel("g₂", labelpad=2)
    axes.margins(x=0.04, y=0.08)


def plain_decades(axes: "Axes") -> None:
    """Lags as 0.1, 1, 10 at the decades, which take a tenth of the time of powers of ten in mathematical type."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axes.xaxis.set_major_formatter(FuncFormatter(lambda lag, _: f"{lag:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
