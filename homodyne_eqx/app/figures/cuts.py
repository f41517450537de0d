"""Cuts at constant age, sector beside sector."""

from typing import TYPE_CHECKING

from .layout import Margins, grid
from .panels import Panels
from .sector_pages import draw_cuts, on_common_axes
from .style import Look, azimuth

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ACROSS = 4
_MARGINS = Margins(left=0.5, top=0.7, beside=0.12, between=0.3)


def cuts(panels: Panels, look: Look) -> "Figure":
    """g2 over the lag at a few ages, a panel for each sector: points are data, lines the model."""
    shown = panels.of_sectors
    across = min(_ACROSS, len(shown))
    figure, axes = grid(look, (1.15 if across > 2 else 2.0), len(shown), across, _MARGINS)
    for panel, one in zip(axes, shown):
        draw_cuts(panel, one, labelled=panel is axes[0])
        phi = "" if one.sector.phi is None else f", {azimuth(one.sector.phi)}"
        panel.set_title(f"{one.sector.index}: {one.sector.q:.4g} Å⁻¹{phi}", size="small")
    on_common_axes(axes, across)
    handles, labels = axes[0].get_legend_handles_labels()
    if handles:
        labels = [f"{label} s" for label in labels]
        figure.legend(handles, labels, loc="upper center", ncols=4, title="at ages of", title_fontsize="medium")
    return figure
