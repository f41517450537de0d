"""All sectors of a fit at a glance."""

from typing import TYPE_CHECKING

import numpy as np

from ...data.result_file import ResultFile
from .panels import Scales, SectorPanels
from .sector_pages import draw_map, label_times, residual_label
from .style import WIDTH, azimuth

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ACROSS = 8
_LEFT, _RIGHT, _TOP, _BOTTOM = 0.75, 0.08, 0.46, 0.4
_BETWEEN, _BLOCK = 0.06, 0.22


def overview(file: ResultFile, panels: dict[int, SectorPanels], scales: Scales, edges: np.ndarray) -> "Figure":
    """Data over model over residual, sector beside sector, eight at most in a row."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    sectors = sorted(panels)
    across = min(_ACROSS, len(sectors))
    blocks = -(-len(sectors) // across)
    size = (WIDTH - _LEFT - _RIGHT - (across - 1) * _BETWEEN) / across
    tall = 3 * size + 2 * _BETWEEN
    height = _TOP + blocks * (tall + _BLOCK) + _BOTTOM
    figure = Figure(figsize=(WIDTH, height))

    def box(left: float, top: float, width: float, high: float):
        return figure.add_axes((left / WIDTH, 1 - (top + high) / height, width / WIDTH, high / height))

    images: dict[bool, object] = {}
    for place, k in enumerate(sectors):
        block, column = divmod(place, across)
        lowest = place + across >= len(sectors)
        for row, values in enumerate((panels[k].data, panels[k].model, panels[k].residual)):
            top = _TOP + _BLOCK + block * (tall + _BLOCK) + row * (size + _BETWEEN)
            axes = box(_LEFT + column * (size + _BETWEEN), top, size, size)
            images[row == 2] = draw_map(axes, values, edges, scales, residual=row == 2)
            label_times(axes, left=column == 0, bottom=row == 2 and lowest)
            if column == 0:
                axes.set_ylabel(f"{('data', 'model', 'residual')[row]}\n$t_2$  (s)", labelpad=2)
            if row == 0:
                axes.set_title(_name(file, k), pad=3)
    width = WIDTH - _LEFT - _RIGHT
    for residual, left, label in ((False, 0.0, "$g_2$"), (True, 0.55, residual_label(scales))):
        bar = box(_LEFT + left * width, 0.22, 0.42 * width, 0.08)
        made = figure.colorbar(images[residual], cax=bar, orientation="horizontal", extend="both")
        made.locator = MaxNLocator(5)
        bar.set_title(label, pad=3)
        bar.tick_params(pad=1.5)
    return figure


def _name(file: ResultFile, k: int) -> str:
    several_q = np.ptp(file.arrays.q) > 0
    phi = None if file.arrays.phi is None else azimuth(float(file.arrays.phi[k]))
    q = f"{file.arrays.q[k]:.3g} Å$^{{-1}}$"
    return q if phi is None else f"{phi}, {q}" if several_q else phi
