"""The course of a fit to its minimum."""

import math
from typing import TYPE_CHECKING

import numpy as np

from ...fit import FitResult
from .layout import Margins, grid
from .style import Look, colours

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_MOST = 12


def history(result: FitResult, look: Look) -> "Figure":
    """χ² over the steps, and how far every physical parameter, twelve at most, is from its end, in its σ.

    **Raises:** `ValueError` for a fit without steps.
    """
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    if not result.history:
        raise ValueError("The fit took no steps, so there is no history to draw.")
    steps = [step.number for step in result.history]
    reduced = np.array([step.chi2 / step.degrees_of_freedom for step in result.history])
    figure, (above, below) = grid(look, 2.2, 2, 2, Margins())
    above.plot(steps, reduced, "o-", color="0.5", markersize=3)
    if reduced.max() > 5 * reduced.min() > 0:
        above.set_yscale("log")
        above.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    above.set_title("reduced χ²")
    named = distances(result)
    for (name, away), colour in zip(named.items(), colours(len(named))):
        below.plot(steps, away, "o-", color=colour, markersize=2.5, label=name)
    below.axhspan(-1, 1, color="0.5", alpha=0.25, lw=0)
    below.set_yscale("symlog", linthresh=1)
    below.yaxis.set_major_formatter(StrMethodFormatter("{x:g}"))
    below.set_title("distance of each parameter from its end, in σ")
    if named:
        below.legend(fontsize="x-small", labelspacing=0.2, handlelength=1.2)
    for panel in (above, below):
        panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        panel.set_xlabel("step")
    return figure


def distances(result: FitResult) -> dict[str, np.ndarray]:
    """The distance of each physical parameter from its end at each step, in its σ; twelve parameters at most."""
    values = np.array([step.parameters for step in result.history], float)
    found = {}
    for k, name in enumerate(result.free_names):
        parameter = result.parameters[name]
        sigma = parameter.uncertainty
        if not parameter.of_scaling and math.isfinite(sigma) and sigma > 0 and len(found) < _MOST:
            found[name] = (values[:, k] - parameter.value) / sigma
    return found
