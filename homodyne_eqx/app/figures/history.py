"""How a fit got to its minimum."""

from typing import TYPE_CHECKING

import numpy as np

from ...fit import FitResult
from .layout import Margins, grid
from .style import Look, colours
from .units_of_axes import in_units, power_of_ten

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ACROSS = 4
_MOST = 15
_MARGINS = Margins(left=0.5, beside=0.45, between=0.45)


def history(result: FitResult, look: Look) -> "Figure":
    """χ² and every physical parameter, fifteen at most, over the steps; the band is the final value ± 1σ.

    **Raises:** `ValueError` for a fit without steps.
    """
    from matplotlib.ticker import MaxNLocator

    if not result.history:
        raise ValueError("The fit took no steps, so there is no history to draw.")
    physical = [k for k, name in enumerate(result.free_names) if not result.parameters[name].of_scaling][:_MOST]
    steps = [step.number for step in result.history]
    values = np.array([step.parameters for step in result.history], float)
    reduced = np.array([step.chi2 / step.degrees_of_freedom for step in result.history])
    across = min(_ACROSS, len(physical) + 1)
    figure, axes = grid(look, 1.1, len(physical) + 1, across, _MARGINS)
    axes[0].plot(steps, reduced, "o-", color="0.5", markersize=3)
    axes[0].set_yscale("log" if reduced.max() > 5 * reduced.min() > 0 else "linear")
    axes[0].set_title("reduced χ²")
    for panel, k, colour in zip(axes[1:], physical, colours(len(physical))):
        parameter = result.parameters[result.free_names[k]]
        power = power_of_ten(parameter.value)
        centre, sigma = parameter.value / 10.0**power, parameter.uncertainty / 10.0**power
        if np.isfinite(sigma):
            panel.axhspan(centre - sigma, centre + sigma, color="0.5", alpha=0.25, lw=0)
        panel.plot(steps, values[:, k] / 10.0**power, "o-", color=colour, markersize=3)
        panel.set_title(parameter.name + in_units(parameter.unit, power))
        panel.ticklabel_format(axis="y", useOffset=False)
        panel.yaxis.set_major_locator(MaxNLocator(4))
        panel.title.set_fontsize("small")
    for place, panel in enumerate(axes):
        panel.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        if place + across >= len(axes):
            panel.set_xlabel("step")
    return figure
