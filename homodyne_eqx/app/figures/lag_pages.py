"""g2 over the lag of each sector with its fit and residuals, several sectors a page."""

from typing import TYPE_CHECKING

import numpy as np

from ...data.stored_pairs import FittedPairs
from ...fit import FitResult
from ...fit.result.sectors import SectorFit
from .layout import sized
from .style import WIDTH, Look, azimuth, colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SECTORS_A_PAGE = 12
_ACROSS = 3
_MOST_AGES = 5

# Inches.
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.62, 0.08, 0.1, 0.42
_VALUES, _RESIDUAL, _BETWEEN, _ROWS_APART = 1.25, 0.45, 0.5, 0.34


def pages(result: FitResult) -> list[list[int]]:
    """The sectors of each page, twelve at most."""
    numbers = [sector.index for sector in result.sectors]
    return [numbers[first : first + SECTORS_A_PAGE] for first in range(0, len(numbers), SECTORS_A_PAGE)]


def lag_page(result: FitResult, sectors: list[int], look: Look) -> "Figure":
    """Of a fit to pairs or one-time data a panel for each sector: data with errors, the fit as a line, and below them
    (data − model)/σ."""
    fitted = result.fitted_pairs
    rows = -(-len(sectors) // _ACROSS)
    across = min(_ACROSS, len(sectors))
    width = (WIDTH - _LEFT - _RIGHT - (_ACROSS - 1) * _BETWEEN) / _ACROSS
    tall = _VALUES + _RESIDUAL + 0.04
    whole = _LEFT + across * width + (across - 1) * _BETWEEN + _RIGHT
    height = _TOP + rows * tall + (rows - 1) * _ROWS_APART + _BOTTOM
    figure = sized(height, look, whole)
    limits = fitted.lag.min() / 1.5, fitted.lag.max() * 1.5
    furthest = max(3.0, float(np.percentile(np.abs(fitted.residual), 99)) * 1.1)
    for place, k in enumerate(sectors):
        row, column = divmod(place, across)
        left, top = _LEFT + column * (width + _BETWEEN), _TOP + row * (tall + _ROWS_APART)

        def box(below: float, high: float, left: float = left, top: float = top) -> "Axes":
            at = 1 - (top + below + high) / height
            return figure.add_axes((left / whole, at, width / whole, high / height))

        values, residuals = box(0.0, _VALUES), box(_VALUES + 0.04, _RESIDUAL)
        _draw(values, residuals, fitted.of_sector(k))
        values.text(0.03, 0.06, _title(result.sectors[k]), transform=values.transAxes, ha="left", va="bottom")
        values.tick_params(labelbottom=False)
        residuals.set_ylim(-furthest, furthest)
        for axes in (values, residuals):
            axes.set_xlim(*limits)
        if column == 0:
            values.set_ylabel("$g_2$")
            residuals.set_ylabel("resid./σ")
        if place + across >= len(sectors):
            residuals.set_xlabel("lag τ  (s)", labelpad=2)
    return figure


def _draw(values: "Axes", residuals: "Axes", own: FittedPairs) -> None:
    """Points with errors, and the fit; one colour an age where the data have a few ages."""
    ages = np.unique(own.age[np.isfinite(own.age)])
    groups = [own.age == age for age in ages] if 1 < len(ages) <= _MOST_AGES else [np.ones(own.lag.size, bool)]
    lines = len(groups) > 1 or np.all(np.isnan(own.age))
    for here, colour in zip(groups, colours(len(groups)), strict=True):
        order = np.argsort(own.lag[here], kind="stable")
        lag, data, model, sigma, residual = (
            x[here][order] for x in (own.lag, own.data, own.model, own.sigma, own.residual)
        )
        points = {"markersize": 2.6, "markerfacecolor": "white", "markeredgewidth": 0.6, "color": colour}
        values.errorbar(lag, data, sigma, fmt="o", elinewidth=0.6, zorder=2, **points)
        values.plot(lag, model, "-" if lines else ".", color="0.15", lw=1.0, markersize=2, zorder=3)
        residuals.plot(lag, residual, "o", **points)
    residuals.axhline(0, color="0.5", lw=0.6, zorder=0)
    for axes in (values, residuals):
        axes.set_xscale("log")
    values.margins(y=0.12)


def _title(sector: SectorFit) -> str:
    q = f"q = {sector.q:.3g} Å$^{{-1}}$"
    return q if sector.phi is None else f"{q}\nφ = {azimuth(sector.phi)}"
