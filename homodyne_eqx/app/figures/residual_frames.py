"""The residuals of each frame."""

from typing import TYPE_CHECKING

import numpy as np

from ...fit import FitResult
from .block_average import block_edges
from .layout import sized
from .panels import frame_times
from .style import MASKED, WIDTH, Look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_NAMED = 3
_CONSPICUOUS = 1.5
_HIGHEST = 2.0


def residual_frames(result: FitResult, look: Look) -> "Figure":
    """(residual/σ)² of each frame: the mean over all sectors, and sector by sector.

    The colours end at twice the median, so that a bad frame does not hide the others.
    """
    t, of_frames = frame_times(result), result.reduced_chi2_of_frames
    n_sector = len(of_frames)
    together = mean_of_known(of_frames)
    tall = min(0.3 + 0.12 * n_sector, 2.8) if n_sector > 1 else 0.0
    upper, left, right = 1.2, 0.6, 0.95 if tall else 0.15
    height = 0.6 + upper + (tall + 0.12 if tall else 0)
    figure = sized(height, look)
    wide = 1 - (left + right) / WIDTH
    above = figure.add_axes((left / WIDTH, 1 - (0.12 + upper) / height, wide, upper / height))
    lowest = above
    above.plot(t, together, color="C0", lw=0.8)
    above.set_ylabel("mean (r/σ)²")
    above.margins(x=0)
    for k in conspicuous(together):
        above.annotate(f"frame {k}", (t[k], together[k]), (4, -2), textcoords="offset points", size="small", va="top")
    if tall:
        below = lowest = figure.add_axes((left / WIDTH, 0.45 / height, wide, tall / height), sharex=above)
        above.tick_params(labelbottom=False)
        below.set_facecolor(MASKED)
        edges = block_edges(t, len(t))
        median = float(np.nanmedian(of_frames))
        image = below.pcolormesh(
            edges,
            np.arange(n_sector + 1) - 0.5,
            np.ma.masked_invalid(of_frames),
            cmap=look.colours,
            vmin=0,
            vmax=_HIGHEST * median,
            rasterized=True,
        )
        below.set_ylabel("sector")
        below.yaxis.get_major_locator().set_params(integer=True)
        corner = (1 - (right - 0.1) / WIDTH, 0.45 / height)
        bar = figure.add_axes((*corner, 0.12 / WIDTH, tall / height))
        figure.colorbar(image, cax=bar, extend="max", label="mean (r/σ)²")
    lowest.set_xlabel("t of the frame  (s)")
    return figure


def mean_of_known(of_frames: np.ndarray) -> np.ndarray:
    """Mean over the sectors that have the frame, `(n_t,)`; NaN where none has."""
    known = np.isfinite(of_frames)
    count = np.count_nonzero(known, axis=0)
    return np.where(count > 0, np.sum(of_frames, axis=0, where=known) / np.maximum(count, 1), np.nan)


def conspicuous(together: np.ndarray) -> list[int]:
    """The frames that stand out most, three at most: above one and a half times the median."""
    known = np.nan_to_num(together)
    beyond = np.flatnonzero(known > _CONSPICUOUS * float(np.nanmedian(together)))
    return [int(k) for k in beyond[np.argsort(-known[beyond])][:_MOST_NAMED]]
