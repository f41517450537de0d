"""A small picture of a fit, for a page that shows many: data, model and residual of the sector that is fitted worst."""

from pathlib import Path

import numpy as np

from ...data import TwoTimeData
from ...fit import FitResult
from ..figures.panels import panels_of
from ..figures.style import MASKED, RESIDUALS

_SIDE = 48
"""Pixels of each map, at most."""
_COLOURS = 128
_BETWEEN = 2
_GREY = 128


def draw_thumbnail(result: FitResult, path: Path) -> None:
    """Write a PNG file: maps side by side, t2 upwards, on the scales of that sector; of pairs and one-time data g2 over
    the lag. Nothing for a result without data."""
    if result.data is None:
        return
    worst = result.verdict.worst_sector or 0
    if isinstance(result.data, TwoTimeData):
        _draw_maps(result, worst, path)
    else:
        _draw_curve(result, worst, path)


def _draw_maps(result: FitResult, worst: int, path: Path) -> None:
    import matplotlib as mpl
    from matplotlib.colors import Normalize
    from PIL import Image  # comes with matplotlib

    panels = panels_of(result, [worst], _SIDE)
    one, scales = panels.of_sectors[0], panels.scales
    g2, residual = Normalize(scales.low, scales.high), Normalize(-scales.residual, scales.residual)

    def coloured(values: np.ndarray, colours: str, norm: Normalize) -> np.ndarray:
        made = mpl.colormaps[colours].with_extremes(bad=MASKED)
        return made(norm(np.ma.masked_invalid(values)), bytes=True)[::-1, :, :3]

    between = np.full((len(one.data), _BETWEEN, 3), _GREY, np.uint8)
    parts = [coloured(one.data, "viridis", g2), between, coloured(one.model, "viridis", g2), between]
    image = Image.fromarray(np.concatenate([*parts, coloured(one.residual, RESIDUALS, residual)], axis=1))
    image.quantize(_COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def _draw_curve(result: FitResult, worst: int, path: Path) -> None:
    from matplotlib.figure import Figure

    pairs = result.fitted_pairs.of_sector(worst)
    order = np.argsort(pairs.lag)
    figure = Figure(figsize=(1.9, 0.64), dpi=80)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.plot(pairs.lag[order], pairs.data[order], ".", ms=2, color="tab:blue")
    axes.plot(pairs.lag[order], pairs.model[order], "-", lw=1, color="tab:orange")
    axes.set_xscale("log")
    axes.set_axis_off()
    figure.savefig(path, transparent=True)
