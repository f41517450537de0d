"""g2(τ), averaged over all ages, against q or the azimuth."""

from typing import TYPE_CHECKING, TypeVar

from .lag_curves import SectorLags
from .layout import Margins, grid
from .panels import Panels, SectorPanels, spread_evenly
from .sector_pages import plain_decades
from .style import Look, azimuth, colours

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_CURVES = 8
_PANELS = 4


def g2_curves(panels: Panels, look: Look) -> "Figure":
    """(g2 − offset)/contrast over the lag, as means over all ages: points are data, lines the model.

    Where there are several q, a panel for each azimuth, four at most, with a curve for each q; otherwise one panel with
    a curve for each azimuth. Of more than eight curves, eight are drawn.
    """
    groups = grouped(panels.of_sectors)
    across = min(2, len(groups))
    figure, axes = grid(look, 2.2, len(groups), across, Margins())
    for panel, (title, by_q, members) in zip(axes, groups):
        _draw(panel, title, by_q, members)
    return figure


Curve = TypeVar("Curve", SectorPanels, SectorLags)


def grouped(of_sectors: tuple[Curve, ...]) -> list[tuple[str, bool, list[Curve]]]:
    """Panels of the figure: title, whether q tells the curves apart, and the sectors, in the order of what does."""
    if len({one.sector.q for one in of_sectors}) == 1:
        ordered = sorted(of_sectors, key=lambda one: (one.sector.phi or 0.0, one.sector.index))
        return [(f"q = {of_sectors[0].sector.q:.4g} Å⁻¹", False, spread_evenly(ordered, _CURVES))]
    by_phi: dict[float | None, list[Curve]] = {}
    for one in sorted(of_sectors, key=lambda one: one.sector.q):
        by_phi.setdefault(one.sector.phi, []).append(one)
    chosen = spread_evenly(sorted(by_phi, key=lambda phi: phi or 0.0), _PANELS)
    return [("" if phi is None else f"φ = {azimuth(phi)}", True, spread_evenly(by_phi[phi], _CURVES)) for phi in chosen]


def _draw(axes: "Axes", title: str, by_q: bool, members: list[SectorPanels]) -> None:
    axes.set_xscale("log")
    for one, colour in zip(members, colours(len(members))):
        offset, contrast = one.sector.offset, one.sector.contrast
        label = f"{one.sector.q:.3g}" if by_q else "" if one.sector.phi is None else azimuth(one.sector.phi)
        axes.plot(one.lags.lag, (one.lags.model - offset) / contrast, color=colour, zorder=2)
        points = {"markersize": 3, "markerfacecolor": "white", "markeredgewidth": 0.7}
        axes.plot(one.lags.lag, (one.lags.data - offset) / contrast, "o", color=colour, label=label, zorder=3, **points)
    plain_decades(axes)
    axes.axhline(0, color="0.5", lw=0.5, zorder=1)
    axes.set_title(title)
    axes.set_xlabel("lag  (s)")
    axes.set_ylabel("(g₂ − offset) / contrast")
    if any(label for label in axes.get_legend_handles_labels()[1]):
        axes.legend(title="q  (Å⁻¹)" if by_q else "φ", title_fontsize="small", handlelength=1.2, labelspacing=0.2)
