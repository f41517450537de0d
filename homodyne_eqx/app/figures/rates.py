"""The fitted rates over time, with their uncertainties."""

from typing import TYPE_CHECKING

import numpy as np

from ...fit import Curve, FitResult
from ...fit.result.rates_in_words import at_floor
from .layout import Margins, grid
from .style import Look, colours
from .units_of_axes import in_units, power_of_ten, without_sector

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MANY_DECADES = 30.0
_SHOWN = (2, 98)
_LEAST_SPAN = 0.2


def rates(result: FitResult, look: Look) -> "Figure":
    """Each rate of `result.curves()` over time, with a band of ± 1σ.

    **Raises:** `ValueError` for a model without rates.
    """
    grouped: dict[str, list[Curve]] = {}
    for name, curve in result.curves().items():
        grouped.setdefault(without_sector(name), []).append(curve)
    if not grouped:
        raise ValueError("The model has no rates, so there are none to draw over time.")
    across = min(2, len(grouped))
    figure, panels = grid(look, 1.9, len(grouped), across, Margins())
    for axes, (name, curves) in zip(panels, grouped.items()):
        _draw(axes, name, curves)
    return figure


def _draw(axes: "Axes", name: str, curves: list[Curve]) -> None:
    largest = max(float(np.median(np.abs(_off_floor(curve)))) for curve in curves)
    power = power_of_ten(largest)
    shades = colours(len(curves)) if len(curves) > 1 else ["C0"]
    determined = True
    for curve, colour in zip(curves, shades):
        value, low, high = (x / 10.0**power for x in (curve.value, curve.low, curve.high))
        axes.plot(curve.t, value, color=colour)
        if np.any(np.isfinite(low)):
            axes.fill_between(curve.t, low, high, color=colour, alpha=0.25, lw=0)
        determined &= bool(np.any(np.isfinite(low)))
    low, high = rate_limits(curves)
    if low > 0 and high > _MANY_DECADES * low:
        axes.set_yscale("log")
    axes.set_ylim(low / 10.0**power, high / 10.0**power)
    said = "" if determined else ", not determined by the data"
    axes.set_title(f"{name}{in_units(curves[0].unit, power)}{said}")
    axes.set_xlabel("t  (s)")
    axes.margins(x=0)


def rate_limits(curves: list[Curve]) -> tuple[float, float]:
    """From where to where rates and bands are shown: a power law that diverges at t = 0 does not set the scale, and a
    rate at its floor counts as 0."""
    edges = [x for curve in curves for x in (curve.value, curve.low, curve.high)]
    finite = [x[np.isfinite(x)] for x in edges]
    ends = np.array([np.percentile(x, _SHOWN) for x in finite if x.size])
    low, high = float(np.min(ends[:, 0])), float(np.max(ends[:, 1]))
    low = min(low, 0.0) if any(np.any(at_floor(curve)) for curve in curves) else low
    if high - low < _LEAST_SPAN * max(abs(low), abs(high)):  # a constant rate: its uncertainty beside its value
        middle, half = (low + high) / 2, _LEAST_SPAN * max(abs(low), abs(high)) / 2
        low, high = middle - half, middle + half
    margin = 0.08 * (high - low) or 0.08 * abs(high) or 1.0
    return (low / 1.2 if low > 0 and high > _MANY_DECADES * low else low - margin), high + margin


def _off_floor(curve: Curve) -> np.ndarray:
    """Its values at the times at which it is not at its floor; all if there are none."""
    moving = curve.value[~at_floor(curve)]
    return moving if moving.size else curve.value
