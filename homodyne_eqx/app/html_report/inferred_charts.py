"""The data of the pictures of profiles and of a posterior."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from ...inference import Contour, Profile
from ...inference.profiles.profile import level_text
from ..inferred import Inferred
from .charts import rounded

INFERRED = ("profiles", "marginals")
"""The names of all charts."""

_POINTS = 120
_MOST = 12
_SPAN = 4.0


def inferred_charts(inferred: Inferred) -> dict[str, Any]:
    """`profiles`, of profiles and contours in their order, and `marginals` of a posterior; none where there is none."""
    profiles = [
        _profile(each, levels) if isinstance(each, Profile) else _contour(each, levels)
        for each, levels in inferred.profiles
    ]
    posterior = inferred.posterior
    marginals = [] if posterior is None else [_marginal(*each) for each in posterior["parameters"].items()][:_MOST]
    return {name: chart for name, chart in zip(INFERRED, (profiles, marginals), strict=True) if chart}


def _profile(profile: Profile, levels: tuple[float, ...]) -> dict[str, Any]:
    x = np.linspace(profile.values[0], profile.values[-1], _POINTS)
    intervals = [
        {"level": level_text(level), "ends": [end for end in ends if math.isfinite(end)]}
        for level, ends in profile.intervals(levels).items()
    ]
    return {
        "kind": "profile",
        "name": _label(profile.name, profile.unit),
        "value": rounded([profile.value], 9)[0],
        "values": rounded(profile.values, 9),
        "statistic": rounded(profile.statistic),
        "x": rounded(x, 9),
        "parabola": rounded(((x - profile.value) / profile.sigma) ** 2),
        "highest": max(float(np.max(profile.statistic)), 4.0),
        "intervals": intervals,
    }


def _contour(contour: Contour, levels: tuple[float, ...]) -> dict[str, Any]:
    around = np.linspace(0, 2 * np.pi, _POINTS + 1)
    circle = np.linalg.cholesky(contour.ellipse) @ np.stack([np.cos(around), np.sin(around)])
    lines = []
    for level in levels:
        line = contour.contour(level)
        closed = np.concatenate([line, line[:1]])
        ellipse = contour.centre[:, None] + math.sqrt(-2 * math.log(1 - level)) * circle
        lines.append(
            {
                "level": level_text(level),
                "line": [rounded(axis, 9) for axis in closed.T],
                "ellipse": [rounded(axis, 9) for axis in ellipse],
            }
        )
    names = [_label(name, unit) for name, unit in zip(contour.names, contour.units, strict=True)]
    return {"kind": "contour", "names": names, "centre": rounded(contour.centre, 9), "lines": lines}


def _marginal(name: str, fields: Mapping[str, Any]) -> dict[str, Any]:
    """The histogram as a density, and the normal density that the fit states where it states any."""
    edges, counts = (np.array(fields["histogram"][key], float) for key in ("edges", "counts"))
    density = counts / np.sum(counts) / np.diff(edges)
    made = {"name": _label(name, fields["unit"]), "edges": rounded(edges, 9), "density": rounded(density)}
    fitted, sigma = fields["fitted"], fields["stated"]
    if sigma is None or not sigma > 0:
        return {**made, "x": [], "normal": []}
    x = fitted + sigma * np.linspace(-_SPAN, _SPAN, _POINTS)
    normal = np.exp(-(((x - fitted) / sigma) ** 2) / 2) / sigma / math.sqrt(2 * math.pi)
    return {**made, "x": rounded(x, 9), "normal": rounded(normal)}


def _label(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name
