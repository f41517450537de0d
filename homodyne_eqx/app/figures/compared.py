"""Several models of the same data over the lag, with the data."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...fit import FitResult
from .drawing import require_matplotlib
from .lag_curves import SectorLags, has_pairs, lag_curves
from .layout import Margins, grid
from .panels import SectorPanels, chosen_sectors, panels_of, spread_evenly
from .sector_pages import plain_decades
from .style import Look, azimuth, colours, figure_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST, _ACROSS, _TALL = 6, 3, 1.7


def compared_figure(results: Mapping[str, FitResult]) -> "Figure":
    """g2(τ), the mean over all ages, of six sectors at most, evenly spread: points are data, a line is a model. Of a
    model that does not describe the data it is dashed.

    **Arguments:** `results`: name → result of a fit to the same data, best first, one or more.
    """
    require_matplotlib()
    first = next(iter(results.values()))
    sectors = spread_evenly(chosen_sectors(first, None), _MOST)
    curves = {name: _curves(result, sectors) for name, result in results.items()}
    across = min(_ACROSS, len(sectors))
    with figure_style():
        figure, axes = grid(Look(), _TALL, len(sectors), across, Margins(top=0.45, between=0.65))
        shades = colours(len(results), "viridis")
        for place, panel in enumerate(axes):
            panel.set_xscale("log")
            one = next(iter(curves.values()))[place]
            points = {"markersize": 3, "markerfacecolor": "white", "markeredgewidth": 0.7, "color": "0.4"}
            panel.plot(one.lags.lag, one.lags.data, "o", zorder=1, **points)
            for (name, of_model), shade in zip(curves.items(), shades, strict=True):
                dashes = "-" if results[name].verdict.adequate else "--"
                lags = of_model[place].lags
                panel.plot(lags.lag, lags.model, dashes, color=shade, label=name, zorder=3)
            plain_decades(panel)
            phi = "" if one.sector.phi is None else f", φ = {azimuth(one.sector.phi)}"
            panel.set_title(f"{one.sector.index}: q = {one.sector.q:.4g} Å⁻¹{phi}")
            panel.set_xlabel("lag  (s)")
        axes[0].set_ylabel("g₂")
        axes[0].legend(handlelength=1.6, labelspacing=0.2)
    return figure


def _curves(result: FitResult, sectors: list[int]) -> list[SectorLags] | list[SectorPanels]:
    if has_pairs(result):
        of_all = lag_curves(result)
        return [of_all[k] for k in sectors]
    return [*panels_of(result, sectors).of_sectors]
