"""χ² along one parameter, and its contours in two."""

import math
from typing import TYPE_CHECKING

import numpy as np

from ...inference import Contour, Profile
from .drawing import require_matplotlib
from .layout import sized
from .style import WIDTH, Look, checked_look, figure_style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDTH, _HEIGHT = 3.6, 2.8
_LEVELS = ((math.erf(math.sqrt(0.5)), "68 %", "-"), (0.95, "95 %", "--"))
_FOUND, _GAUSSIAN = "tab:blue", "0.6"


def profile_figure(profile: Profile, *, width: float = _WIDTH, style: str | None = None) -> "Figure":
    """The profile, the parabola of the covariance, and the intervals of 68 % and 95 %."""
    require_matplotlib()
    look = checked_look(Look("viridis", width, style))
    with figure_style(Look("viridis", WIDTH, style)):
        figure = sized(_HEIGHT / _WIDTH * WIDTH, look)
        axes = figure.add_axes((0.15, 0.18, 0.81, 0.74))
        axes.ticklabel_format(axis="x", scilimits=(-3, 5))
        x = np.linspace(profile.values[0], profile.values[-1], 200)
        axes.plot(x, ((x - profile.value) / profile.sigma) ** 2, color=_GAUSSIAN, lw=1, label="covariance")
        root = np.sqrt(np.maximum(profile.statistic, 0)) * np.sign(profile.values - profile.value)
        root = np.interp(x, profile.values, root)
        axes.plot(x, root**2, color=_FOUND, label="profile")
        axes.plot(profile.values, profile.statistic, "o", ms=3, color=_FOUND)
        highest = max(float(np.max(profile.statistic)), 4.0)
        for level, name, dashes in _LEVELS:
            try:
                ends = profile.interval(level)
            except ValueError:
                continue
            for end in (end for end in ends if math.isfinite(end)):
                axes.axvline(end, color=_FOUND, lw=0.7, ls=dashes)
            axes.plot([], [], color=_FOUND, lw=0.7, ls=dashes, label=name)
        axes.set(xlabel=_label(profile.name, profile.unit), ylabel="Δχ² ÷ its noise", ylim=(-0.02 * highest, highest))
        axes.legend()
    return figure


def contour_figure(contour: Contour, *, width: float = _WIDTH, style: str | None = None) -> "Figure":
    """The contours of 68 % and 95 %, and the ellipses of the covariance."""
    require_matplotlib()
    look = checked_look(Look("viridis", width, style))
    with figure_style(Look("viridis", WIDTH, style)):
        figure = sized(_HEIGHT / _WIDTH * WIDTH, look)
        axes = figure.add_axes((0.18, 0.18, 0.78, 0.74))
        axes.ticklabel_format(scilimits=(-3, 5))
        around = np.linspace(0, 2 * np.pi, 121)
        circle = np.linalg.cholesky(contour.ellipse) @ np.stack([np.cos(around), np.sin(around)])
        for level, name, dashes in _LEVELS:
            ellipse = contour.centre[:, None] + math.sqrt(-2 * math.log(1 - level)) * circle
            line = contour.contour(level)
            axes.plot(*ellipse, color=_GAUSSIAN, lw=1, ls=dashes)
            axes.plot(*np.concatenate([line, line[:1]]).T, color=_FOUND, ls=dashes, label=name)
        axes.plot(*contour.centre, "+", color=_FOUND)
        axes.plot([], [], color=_GAUSSIAN, lw=1, label="covariance")
        axes.set(xlabel=_label(contour.names[0], contour.units[0]), ylabel=_label(contour.names[1], contour.units[1]))
        axes.legend()
    return figure


def _label(name: str, unit: str) -> str:
    return f"{name}  ({unit})" if unit else name
