"""Frame by frame: the mean of each row of the maps and how it scatters, with what is excluded and what does not fit."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ...data import BadFrame, TwoTimeData
from ...data.exclusion import mask_of_sector
from ...data.frame_rows import compare_rows
from .data_look import SectorLook
from .style import WIDTH, colours

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_LABELLED = 12


def frames_figure(data: TwoTimeData, looks: Sequence[SectorLook], found: Sequence[BadFrame]) -> "Figure":
    """The mean of c2 over each row, sector by sector, and the scatter of a row about the rows beside it, over frames.

    **Arguments:** `found`: frames that do not fit, numbered as in the data.
    """
    from matplotlib.figure import Figure
    from matplotlib.ticker import LogLocator, NullFormatter

    first, each = data.provenance.first_frame, data.provenance.frames_each
    number = first + each * np.arange(data.n_t)
    rows = compare_rows(data)
    figure = Figure(figsize=(WIDTH, 2.3 if rows is None else 3.6), layout="constrained")
    panels = np.ravel(figure.subplots(1 if rows is None else 2, 1, sharex=True, squeeze=False))
    for look, colour in zip(looks, colours(len(looks), "viridis"), strict=True):
        panels[0].plot(number, look.row_mean - np.nanmedian(look.row_mean), color=colour, lw=0.6, alpha=0.7)
    together = _mean([look.row_mean - np.nanmedian(look.row_mean) for look in looks])
    panels[0].plot(number, together, color="black", lw=1.0)
    panels[0].set_ylabel("row mean of $g_2$,\nless its median")
    curves = [together]
    if rows is not None:
        noise = np.full(data.n_t, np.nan)
        noise[rows.frames] = np.exp(rows.noise)
        panels[1].plot(number, noise, color="black", lw=1.0)
        panels[1].set_yscale("log")
        panels[1].yaxis.set_major_formatter("{x:g}")
        panels[1].yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        panels[1].yaxis.set_minor_formatter(NullFormatter())
        panels[1].set_ylabel("scatter of the row,\nin that of the others")
        curves.append(noise)
    out = _excluded_frames(data)
    for axes, curve in zip(panels, curves, strict=True):
        for frame in np.flatnonzero(out):
            axes.axvspan(number[frame] - each / 2, number[frame] + each / 2, color="0.85", lw=0)
        at = np.array([f.frame for f in found], int)
        axes.plot(number[at], curve[at], "o", color="red", markersize=4, markerfacecolor="none")
        _label(axes, number, curve, at)
        axes.margins(x=0.01)
    panels[-1].set_xlabel("frame of the file" if data.provenance.frames is not None else "frame")
    times = np.asarray(data.geometry.t, float)
    if data.n_t > 1:
        rate = (times[-1] - times[0]) / (number[-1] - number[0])
        to_time, to_number = (lambda x: times[0] + (x - first) * rate), (lambda x: first + (x - times[0]) / rate)
        panels[0].secondary_xaxis("top", functions=(to_time, to_number)).set_xlabel("time  (s)")
    figure.suptitle(_said(found, out), fontsize=8)
    return figure


def _label(axes: Any, number: np.ndarray, curve: np.ndarray, at: np.ndarray) -> None:
    """The numbers of the frames found, runs together, of many the first few."""
    runs = np.split(at, np.flatnonzero(np.diff(at) > 1) + 1) if len(at) else []
    for run in runs[:_MOST_LABELLED]:
        ends = [str(number[run[0]]), str(number[run[-1]])]
        axes.annotate(
            "–".join(dict.fromkeys(ends)),
            (number[run[0]], curve[run[0]]),
            xytext=(3, 3),
            textcoords="offset points",
            color="red",
            fontsize=7,
        )


def _said(found: Sequence[BadFrame], out: np.ndarray) -> str:
    red, grey = (f"{n} frame{'s' * (n != 1)}" for n in (len(found), int(np.count_nonzero(out))))
    said = [f"red: {red} left out by --exclude-frames found"] if found else []
    said += [f"grey: {grey} excluded"] if np.any(out) else []
    return ";  ".join(said) or "no bad frame found"


def _excluded_frames(data: TwoTimeData) -> np.ndarray:
    """Frames of which no pair counts in any sector, `(n_t,)`, as far as masks say it."""
    out = np.zeros(data.n_t, bool)
    for mask in (data.mask, data.bad_frames):
        if mask is not None:
            out |= (
                mask
                if mask.ndim == 1
                else np.all([np.all(mask_of_sector(mask, k), 1) for k in range(data.n_sector)], 0)
            )
    return out


def _mean(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Mean over the sectors that have a value; NaN where none has."""
    stacked = np.stack(rows)
    count = np.count_nonzero(np.isfinite(stacked), axis=0)
    return np.where(count, np.nansum(stacked, axis=0) / np.where(count, count, 1), np.nan)
