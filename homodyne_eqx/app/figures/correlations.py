"""The correlation matrix of the fitted parameters."""

from typing import TYPE_CHECKING

import numpy as np

from ...fit import FitResult
from ...physics.minus_sign import with_minus
from .layout import sized
from .style import MASKED, RESIDUALS, Look

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST_WRITTEN = 12
_MOST_WITH_SCALING = 14


def correlated(result: FitResult, scaling: bool | None) -> list[int]:
    """The free parameters to show: all, or with `scaling=False` all but contrast and offset. With `None` contrast and
    offset are left out if there are more than fourteen parameters."""
    physical = [k for k, name in enumerate(result.free_names) if not result.parameters[name].of_scaling]
    every = list(range(len(result.free_names)))
    if scaling is None:
        scaling = len(every) <= _MOST_WITH_SCALING or not physical
    return every if scaling else physical


def correlations(result: FitResult, look: Look, scaling: bool | None = None) -> "Figure":
    """Correlation coefficients, −1 to 1; grey for parameters at a bound or not determined.

    **Raises:** `ValueError` for a fit without free parameters to show.
    """
    shown = correlated(result, scaling)
    if not shown:
        raise ValueError("There are no free parameters of the physics; pass scaling=True for contrast and offset.")
    values = np.array(result.correlations)[np.ix_(shown, shown)]
    names = [result.free_names[k] for k in shown]
    type_size = (7 if len(shown) <= 30 else 4) * look.scale
    beside = 0.25 + 0.0085 * (7 if len(shown) <= 30 else 4) * max(map(len, names))
    side = min(5.0, 0.5 + 0.4 * len(shown))
    width, height = beside + side + 0.75, 0.35 + side + beside
    figure = sized(height, look, width)
    axes = figure.add_axes((beside / width, beside / height, side / width, side / height))
    axes.set_facecolor(MASKED)
    image = axes.imshow(np.ma.masked_invalid(values), cmap=RESIDUALS, vmin=-1, vmax=1)
    axes.set_xticks(range(len(shown)), names, rotation=60, ha="right", rotation_mode="anchor", fontsize=type_size)
    axes.set_yticks(range(len(shown)), names, fontsize=type_size)
    axes.tick_params(length=0)
    if len(shown) <= _MOST_WRITTEN:
        for i, j in np.ndindex(values.shape):
            if np.isfinite(values[i, j]):
                colour = "white" if abs(values[i, j]) > 0.6 else "black"
                text = "1" if i == j else with_minus(_written(values[i, j]))
                axes.text(j, i, text, ha="center", va="center", color=colour, fontsize=6.5 * look.scale)
    left_out = len(result.free_names) - len(shown)
    axes.set_title("correlation" + (f", {left_out} of contrast and offset left out" if left_out else ""))
    bar = figure.add_axes(((beside + side + 0.1) / width, beside / height, 0.12 / width, side / height))
    figure.colorbar(image, cax=bar)
    return figure


def _written(coefficient: float) -> str:
    """Two decimals, more where these would say 1."""
    for decimals in (2, 3, 4):
        text = f"{coefficient:.{decimals}f}"
        if abs(float(text)) < 1 or abs(coefficient) == 1:
            return text
    return text
