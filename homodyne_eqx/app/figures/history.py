"""How a fit got to its minimum."""

import math
from typing import TYPE_CHECKING

import numpy as np

from ...data.result_file import ResultFile
from .style import WIDTH, colours

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_ACROSS = 4
_SYMBOLS = {
    "D0": "$D_0$",
    "alpha": "$\\alpha$",
    "D_offset": "$D_\\mathrm{offset}$",
    "gamma_dot_t0": "$\\dot\\gamma_0$",
    "beta": "$\\beta$",
    "gamma_dot_t_offset": "$\\dot\\gamma_\\mathrm{offset}$",
    "phi0": "$\\varphi_0$",
}


def history(file: ResultFile) -> "Figure":
    """χ² and every physical parameter over the steps; the band is the final value ± 1σ."""
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    arrays = file.arrays
    physical = [k for k, name in enumerate(arrays.free_names) if name not in arrays.scaling_names]
    steps = np.arange(len(arrays.chi2))
    across = min(_ACROSS, len(physical) + 1)
    rows = -(-(len(physical) + 1) // across)
    figure = Figure(figsize=(WIDTH, 0.35 + 1.55 * rows), layout="constrained")
    axes = np.ravel(figure.subplots(rows, across, squeeze=False))
    reduced = arrays.chi2 / arrays.degrees_of_freedom
    axes[0].plot(steps, reduced, "o-", color="0.2", markersize=3)
    axes[0].set_yscale("log" if reduced.max() > 5 * reduced.min() else "linear")
    axes[0].set_title("reduced $\\chi^2$")
    for place, (k, colour) in enumerate(zip(physical, colours(len(physical))), start=1):
        name = arrays.free_names[k]
        power = _power_of_ten(arrays.history[-1, k])
        values, sigma = arrays.history[:, k] / 10.0**power, np.sqrt(arrays.covariance[k, k]) / 10.0**power
        if np.isfinite(sigma):
            axes[place].axhspan(values[-1] - sigma, values[-1] + sigma, color="0.88", lw=0)
        axes[place].plot(steps, values, "o-", color=colour, markersize=3)
        axes[place].set_title(_SYMBOLS.get(name, name) + _in_units(power, arrays.units[arrays.names.index(name)]))
        axes[place].ticklabel_format(axis="y", useOffset=False)
        axes[place].yaxis.set_major_locator(MaxNLocator(4))
    for panel in axes[: len(physical) + 1]:
        panel.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        panel.set_xlabel("step")
    for panel in axes[len(physical) + 1 :]:
        panel.set_axis_off()
    return figure


def _power_of_ten(value: float) -> int:
    """What to take out of values that would otherwise be written with many zeros."""
    power = math.floor(math.log10(abs(value))) if value else 0
    return power if power < -2 or power > 3 else 0


def _in_units(power: int, unit: str) -> str:
    """A power of ten and a unit, as in `(10⁴ Å²/s)`, in mathematical type."""
    for written, drawn in (
        ("^(1+alpha)", "$^{1+\\alpha}$"),
        ("^−(1+beta)", "$^{-(1+\\beta)}$"),
        ("s⁻¹", "s$^{-1}$"),
        ("²", "$^2$"),
    ):
        unit = unit.replace(written, drawn)
    scale = f"$10^{{{power}}}$" if power else ""
    inside = " ".join(part for part in (scale, unit) if part)
    return f"  ({inside})" if inside else ""
