"""Figures of data before a fit: every map, cuts over the lag, and what there is frame by frame."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...data import BadFrame, TwoTimeData, suspicious_frames
from ...data.errors import NoSuchSector, NotASelection
from ...data.picture import draws_data
from .data_cuts import CUTS_A_PAGE, cut_page
from .data_frames import frames_figure
from .data_look import edges_of, look_at
from .data_maps import MAPS_A_PAGE, map_page, value_limits
from .drawing import require_matplotlib
from .style import figure_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_CUTS = 96
_KINDS = ("maps", "frames", "cuts")


def draw_data_figures(
    data: TwoTimeData, folder: Path, found: Sequence[BadFrame] | None = None, form: str = "png", dpi: int = 200
) -> list[Path]:
    """Write `maps_1`, `maps_2`, … of all sectors, `frames`, and `cuts_1`, …, of 96 sectors at most, evenly chosen.

    **Arguments:** `found`: frames that do not fit, looked for unless given.

    **Returns:** the files.
    """
    require_matplotlib()
    folder.mkdir(parents=True, exist_ok=True)
    found = suspicious_frames(data) if found is None else found
    looks, written = look_at(data, range(data.n_sector)), []
    edges, limits = edges_of(data), value_limits(looks)

    def save(figure: "Figure", name: str) -> None:
        path = folder / f"{name}.{form}"
        figure.savefig(path, dpi=dpi)
        written.append(path)

    with figure_style():
        for page, first in enumerate(range(0, len(looks), MAPS_A_PAGE), start=1):
            save(map_page(looks[first : first + MAPS_A_PAGE], edges, limits, _times(data, found)), f"maps_{page}")
        save(frames_figure(data, looks, found), "frames")
        chosen = np.unique(np.linspace(0, len(looks) - 1, min(len(looks), _MOST_CUTS)).round().astype(int))
        for page, first in enumerate(range(0, len(chosen), CUTS_A_PAGE), start=1):
            save(cut_page([looks[k] for k in chosen[first : first + CUTS_A_PAGE]]), f"cuts_{page}")
    return written


@draws_data
def data_figure(data: TwoTimeData, what: str = "maps", sectors: Sequence[int] | None = None) -> "Figure":
    """The figure of `TwoTimeData.plot`."""
    require_matplotlib()
    if what not in _KINDS:
        raise NotASelection("what", repr(what), f"one of {', '.join(_KINDS)}")
    most = {"maps": MAPS_A_PAGE, "cuts": CUTS_A_PAGE, "frames": data.n_sector}[what]
    chosen = list(range(min(data.n_sector, most))) if sectors is None else list(sectors)
    absent = tuple(k for k in chosen if not 0 <= k < data.n_sector)
    if absent:
        raise NoSuchSector(absent, data.n_sector)
    if not chosen or len(chosen) > most:
        raise NotASelection("sectors", f"{len(chosen)} sectors", f"1 to {most} of them for a figure of {what}")
    looks = look_at(data, chosen)
    with figure_style():
        if what == "cuts":
            return cut_page(looks)
        found = suspicious_frames(data)
        if what == "frames":
            return frames_figure(data, looks, found)
        return map_page(looks, edges_of(data), value_limits(looks), _times(data, found))


def _times(data: TwoTimeData, found: Sequence[BadFrame]) -> list[float]:
    t = np.asarray(data.geometry.t, float)
    return [float(t[each.frame]) for each in found]
