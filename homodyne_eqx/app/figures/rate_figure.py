"""The relaxation rate of each sector over q²."""

from typing import TYPE_CHECKING

import numpy as np

from ...fit import FitResult
from ...inference.rate_law import RateLaw, rate_law
from .style import Look, colours

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_HEIGHT = 2.9


def law_of_result(result: FitResult) -> RateLaw | None:
    """The law of the rates of a result; `None` where it has no rate of its own in each sector, or fewer than two that
    the data determine."""
    try:
        return rate_law(result)
    except ValueError:
        return None


def rate_figure(law: RateLaw, look: Look) -> "Figure":
    """Γ over q² with the line D q², and D(q) = Γ/q² over q with the band D ± 1σ."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(look.width, _HEIGHT * look.scale), layout="constrained")
    (first, second), (colour, other) = figure.subplots(1, 2), colours(2)
    q2 = law.q**2
    points = {"fmt": "o", "markersize": 3.5, "elinewidth": 0.8, "markerfacecolor": "white", "color": colour}
    first.errorbar(q2, law.rate, law.uncertainty, label="sectors", **points)
    line = np.array([0.0, q2.max() * 1.05])
    power = f"(with a free exponent $q^{{{law.exponent:.2f} ± {law.exponent_uncertainty:.2f}}}$)"
    label = "$\\Gamma = D q^2$" + (f"\n{power}" if np.isfinite(law.exponent) else "")
    first.plot(line, law.D * line, color=other, label=label, zorder=1)
    first.set_xlim(0, None)
    first.set_ylim(0, None)
    first.set_xlabel("$q^2$  (Å$^{-2}$)")
    first.set_ylabel("relaxation rate $\\Gamma$  (s$^{-1}$)")
    first.legend(loc="upper left")
    second.errorbar(law.q, law.rate / q2, law.uncertainty / q2, **points)
    second.axhspan(law.D - law.D_uncertainty, law.D + law.D_uncertainty, color="0.88", lw=0, zorder=0)
    second.axhline(law.D, color=other, zorder=1)
    second.set_xlabel("$q$  (Å$^{-1}$)")
    second.set_ylabel("$D(q) = \\Gamma / q^2$  (Å$^2$/s)")
    second.margins(y=0.15)
    second.locator_params(axis="x", nbins=5)
    return figure
