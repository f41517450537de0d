"""The distributions of the draws of a posterior, a panel for each parameter."""

import math
from typing import TYPE_CHECKING

import numpy as np

from ...inference import Posterior
from .drawing import require_matplotlib
from .layout import Margins, grid
from .style import WIDTH, Look, checked_look, figure_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ACROSS, _TALL, _MOST, _BINS = 3, 1.25, 12, 40
_DRAWN, _STATED = "tab:blue", "0.35"


def posterior_figure(posterior: Posterior, *, width: float = WIDTH, style: str | None = None) -> "Figure":
    """Histograms of the draws, and the normal distribution that the fit states, of the first twelve parameters."""
    require_matplotlib()
    look = checked_look(Look("viridis", width, style))
    with figure_style(look):
        count = min(len(posterior.names), _MOST)
        figure, panels = grid(look, _TALL, count, min(_ACROSS, count), Margins(left=0.25, beside=0.25, between=0.65))
        for k, axes in enumerate(panels):
            fitted, sigma = float(posterior.fitted[k]), float(posterior.stated[k])
            exponent = _exponent(fitted)
            values, fitted, sigma = (x / 10.0**exponent for x in (posterior.flat[:, k], fitted, sigma))
            axes.hist(values, _BINS, density=True, color=_DRAWN, alpha=0.6)
            if math.isfinite(sigma) and sigma > 0:
                x = np.linspace(fitted - 4 * sigma, fitted + 4 * sigma, 161)
                density = np.exp(-(((x - fitted) / sigma) ** 2) / 2) / sigma / math.sqrt(2 * math.pi)
                axes.plot(x, density, color=_STATED)
            axes.axvline(fitted, color=_STATED, lw=0.7, ls="--")
            unit = f"{f'10$^{{{exponent}}}$ ' if exponent else ''}{posterior.units[k]}".rstrip()
            axes.set(xlabel=f"{posterior.names[k]}{f'  ({unit})' if unit else ''}", yticks=[])
            axes.ticklabel_format(axis="x", style="plain", useOffset=False)
            axes.locator_params(axis="x", nbins=4)
        shown = "" if count == len(posterior.names) else f", {count} of {len(posterior.names)} parameters"
        panels[0].set_title(f"draws; line: the fit and its uncertainty{shown}", loc="left")
    return figure


def _exponent(value: float) -> int:
    """The power of ten that is taken out of the numbers on an axis, 0 for those of usual size."""
    power = math.floor(math.log10(abs(value))) if value else 0
    return 0 if -3 < power < 5 else power
