"""Figures of one-time correlations and of pairs before a fit: g2 over the lag with its errors, sector by sector."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, final

import numpy as np

from ...data import OneTimeData, PairData
from ...data.errors import NoSuchSector, NotASelection
from ...data.selection import sector_arrays
from .drawing import require_matplotlib
from .style import WIDTH, azimuth, colours, figure_style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SECTORS_A_PAGE = 24
_MOST_ACROSS, _MOST_PAGES = 4, 8
_WINDOWS, _MOST_LAGS = 4, 60
_POINTS = {"markersize": 2.5, "markerfacecolor": "white", "markeredgewidth": 0.6, "elinewidth": 0.6, "capsize": 0}


@final
@dataclass(frozen=True)
class LagPoints:
    """g2 of one sector, ready to draw: values that count, in the order of their lags.

    - `window`: which window of age they are of, from 0; `lag` (s), `value`, `sigma`: `(n,)`.
    """

    window: int
    lag: np.ndarray
    value: np.ndarray
    sigma: np.ndarray


def draw_lag_figures(data: OneTimeData | PairData, folder: Path, form: str = "png", dpi: int = 200) -> list[Path]:
    """Write `g2_1`, `g2_2`, … of all sectors; of more than eight pages, of sectors evenly chosen.

    **Returns:** the files.
    """
    require_matplotlib()
    folder.mkdir(parents=True, exist_ok=True)
    most = min(data.n_sector, _MOST_PAGES * SECTORS_A_PAGE)
    chosen = np.unique(np.linspace(0, data.n_sector - 1, most).round().astype(int)).tolist()
    written = []
    with figure_style():
        for page, first in enumerate(range(0, len(chosen), SECTORS_A_PAGE), start=1):
            written.append(folder / f"g2_{page}.{form}")
            _page(data, chosen[first : first + SECTORS_A_PAGE]).savefig(written[-1], dpi=dpi)
    return written


def lag_figure(data: OneTimeData | PairData, sectors: Sequence[int] | None = None) -> "Figure":
    """The figure of `OneTimeData.plot` and `PairData.plot`."""
    require_matplotlib()
    chosen = list(range(min(data.n_sector, SECTORS_A_PAGE))) if sectors is None else list(sectors)
    absent = tuple(k for k in chosen if not 0 <= k < data.n_sector)
    if absent:
        raise NoSuchSector(absent, data.n_sector)
    if not chosen or len(chosen) > SECTORS_A_PAGE:
        raise NotASelection("sectors", f"{len(chosen)} sectors", f"1 to {SECTORS_A_PAGE} of them for a figure")
    with figure_style():
        return _page(data, chosen)


def lag_points(pairs: PairData, k: int, edges: Sequence[float]) -> Iterator[LagPoints]:
    """The values of a sector that count, window by window of age.

    Of more than 60 values those that lie together are averaged with the weights 1/sigma²; their errors are taken as
    independent.

    **Arguments:** `edges`: ages between the windows, s; none where there is one window.
    """
    here = (pairs.sector == k) & ~pairs.left_out
    window = np.zeros(pairs.n_values, int) if pairs.age is None else np.searchsorted(edges, pairs.age, side="right")
    for number in range(len(edges) + 1):
        own = np.flatnonzero(here & (window == number))
        own = own[np.argsort(pairs.lag[own], kind="stable")]
        if own.size:
            yield LagPoints(number, *_together(pairs.lag[own], pairs.value[own], pairs.sigma[own]))


def age_edges(pairs: PairData) -> list[float]:
    """Ages that divide the values into four windows of equally many, s; none where they have no age or one."""
    if pairs.age is None:
        return []
    age = pairs.age[~pairs.left_out]
    edges = np.unique(np.quantile(age, np.arange(1, _WINDOWS) / _WINDOWS))
    return [float(edge) for edge in edges if age.min() < edge]


def _together(lag: np.ndarray, value: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if lag.size <= _MOST_LAGS:
        return lag, value, sigma
    bins = np.geomspace(lag[0], lag[-1] * (1 + 1e-9), _MOST_LAGS + 1)
    group = np.clip(np.searchsorted(bins, lag, side="right") - 1, 0, _MOST_LAGS - 1)
    weight = np.bincount(group, sigma**-2.0, _MOST_LAGS)
    filled = weight > 0
    lag, value = (np.bincount(group, sigma**-2.0 * x, _MOST_LAGS)[filled] / weight[filled] for x in (lag, value))
    return lag, value, weight[filled] ** -0.5


def _page(data: OneTimeData | PairData, chosen: Sequence[int]) -> "Figure":
    """A panel for each of these sectors, on one scale of lags."""
    from matplotlib.figure import Figure

    pairs = data.pairs
    edges = age_edges(pairs)
    across = min(_MOST_ACROSS, max(math.ceil(math.sqrt(len(chosen))), min(len(chosen), 2)))
    down = -(-len(chosen) // across)
    figure = Figure(figsize=(WIDTH, 0.7 + (2.6 if down == 1 else 1.45) * down), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, sharex=True)
    shown = {}
    for axes, k in zip(np.ravel(grid), chosen, strict=False):
        for points in lag_points(pairs, k, edges):
            colour = colours(len(edges) + 1)[points.window] if edges else "0.15"
            shown[points.window] = axes.errorbar(
                points.lag, points.value, points.sigma, fmt="o", color=colour, **_POINTS
            )
        axes.axhline(1, color="0.6", lw=0.5, zorder=0)
        axes.set_xscale("log")
        axes.set_title(_name(data, k), pad=2, fontsize=7)
        axes.margins(x=0.04, y=0.1)
    _label(grid, len(chosen), across)
    if edges:
        age = np.asarray(pairs.age)[~pairs.left_out]
        limits = [float(age.min()), *edges, float(age.max())]
        names = [f"{limits[number]:.3g} to {limits[number + 1]:.3g} s" for number in sorted(shown)]
        handles = [shown[number] for number in sorted(shown)]
        figure.legend(handles, names, loc="outside upper center", ncols=len(names), title="ages")
    return figure


def _label(grid: "np.ndarray[tuple[int, int], np.dtype[np.object_]]", count: int, across: int) -> None:
    """Names of the axes at the left and at the lowest panel of each column; empty places without axes."""
    places: list[Axes] = list(np.ravel(grid))
    for axes in places[count:]:
        axes.set_axis_off()
    for place, axes in enumerate(places[:count]):
        if place % across == 0:
            axes.set_ylabel("$g_2$", labelpad=2)
        if place + across >= count:
            axes.set_xlabel("lag τ  (s)", labelpad=1)
            axes.tick_params(labelbottom=True)


def _name(data: OneTimeData | PairData, k: int) -> str:
    q, phi = sector_arrays(data.geometry)
    direction = "" if phi is None else f",  {azimuth(float(phi[k]))}"
    return f"{k}:  {q[k]:.3g} Å$^{{-1}}${direction}"
