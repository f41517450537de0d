"""Walk along the valley of least χ² of one parameter, or around two."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...engine.losses import AbstractLoss
from ...fit.result.fit_result import FitResult
from ...fit.result.numbers import value_text
from ...physics.close_names import did_you_mean
from ..from_the_fit import check_independent
from ..weighted_chi2 import quantile_of_chi2
from .contour import Contour
from .held_fits import Held, HeldFits
from .profile import Profile

_STEP = 0.6
_MOST_STEPS = 24
_MOST_ON_RAY = 12
_DEEPER = 0.1


def profile(
    result: FitResult,
    name: str | Sequence[str],
    data: Any = None,
    *,
    to: float | int = 0.99,
    rays: int = 24,
    loss: AbstractLoss | None = None,
) -> Profile | Contour:
    """The profile likelihood: χ² along a parameter, with all other parameters fitted at each point.

    Its intervals can be asymmetric: they end at bounds, follow curved valleys, and do not depend on the parametrisation
    of the model. Δχ² is divided by a ratio, the variance under the noise of the data over the variance under white
    noise. So near the minimum the intervals are those of `Parameter.uncertainty`. Each point is a fit that starts from
    the point before; all points use one compiled program.

    **Arguments:**

    - `result`: of `fit`, at a minimum; `name`: of one free parameter, an element (`contrast[3]`) too; or two names, for
      a contour;
    - `data`: the fitted data; needed if packed data were fitted;
    - `to`: the probability of the widest interval or contour that you need, 0 to 1;
    - `rays`: the number of points of a contour, at least 8; `loss`: that of the fit; needed unless it was `Squares`.

    **Returns:** a `Profile`, or a `Contour` for two names.

    **Raises:** `ValueError` for a result that is not at a minimum, names that are not free, parameters that the data do
    not determine, and as `speckle_covariance`; `TypeError` for the result of a joint fit.
    """
    names = (name,) if isinstance(name, str) else tuple(name)
    fits = _checked(result, names, data, loss, to, rays)
    if len(names) == 1:
        return _profile(fits, float(to))
    return _contour(fits, float(to), rays)


def _checked(
    result: Any, names: tuple[str, ...], data: Any, loss: AbstractLoss | None, to: float | int, rays: int
) -> HeldFits:
    if not isinstance(result, FitResult):
        raise TypeError(f"result is a {type(result).__name__}; expected that of a fit of one data set.")
    if not result.ended.at_minimum:
        raise ValueError(f"The fit ended as {str(result.ended)!r}, not at a minimum of χ². Fit until it converges.")
    check_independent(result)
    if len(names) not in (1, 2) or len({*names}) < len(names):
        raise ValueError(f"name is {names}; expected one parameter, or two different ones.")
    unknown = [name for name in names if name not in result.free_names]
    if unknown:
        meant = did_you_mean(unknown[0], result.free_names)
        raise ValueError(f"{unknown[0]} is not free in this fit.{meant} Free are {', '.join(result.free_names)}.")
    if not 0 < to < 1:
        raise ValueError(f"to is {to}; expected a probability between 0 and 1, 0.99 for example.")
    if rays < 8:
        raise ValueError(f"rays is {rays}; expected at least 8.")
    fits = HeldFits(result, data, loss, names)
    variances = np.diagonal(fits.covariance)
    open_ones = [name for name, x in zip(names, variances, strict=True) if not (np.isfinite(x) and x > 0)]
    if open_ones:
        raise ValueError(
            f"The data do not determine {open_ones[0]}, so χ² has no scale along it. Fix this parameter, or others."
        )
    return fits


def _profile(fits: HeldFits, to: float) -> Profile:
    p = fits.result.parameters[fits.names[0]]
    start = Held(0.0, fits.fitted, True)
    sides, ends = [], []
    for sign, bound in ((-1, p.low), (1, p.high)):
        points, ended = _walk(fits, sign, bound, quantile_of_chi2(to, 1))
        sides.append(points)
        ends.append(ended)
    points = [*reversed(sides[0]), start, *sides[1]]
    lowest = min(points, key=lambda point: point.statistic)
    notes = [] if all(point.converged for point in points) else ["some of the points did not converge"]
    if lowest.statistic < -_DEEPER:
        at = value_text(float(lowest.values[fits.places[0]]))
        notes.append(f"χ² is lower at {p.name} = {at} than where the fit ended: fit again from there")
    values = np.array([point.values for point in points])
    return Profile(
        name=p.name,
        unit=p.unit,
        value=p.value,
        sigma=float(np.sqrt(fits.covariance[0, 0])),
        values=values[:, fits.places[0]],
        statistic=np.array([point.statistic for point in points]),
        names=fits.result.free_names,
        others=values,
        ends=(ends[0], ends[1]),
        notes=tuple(notes),
    )


def _walk(fits: HeldFits, sign: int, bound: float, target: float) -> tuple[list[Held], str]:
    """Points to one side, until the statistic exceeds the target, and what ended them: "level", "bound" or "open"."""
    place = fits.places[0]
    step = _STEP * float(np.sqrt(fits.covariance[0, 0]))
    before, last, points = None, Held(0.0, fits.fitted, True), []
    while len(points) < _MOST_STEPS:
        at = float(last.values[place]) + sign * step
        at = max(at, bound) if sign < 0 else min(at, bound)
        if at == last.values[place]:
            return points, "bound"
        found = fits.at(np.array([at]), _ahead(before, last, at, place))
        if found is None:
            step /= 2
            if step < 1e-3 * np.sqrt(fits.covariance[0, 0]):
                return points, "open"
            continue
        rise = _root(found) - _root(last)
        points.append(found)
        if found.statistic >= target:
            return points, "level"
        step *= float(np.clip(_STEP / max(rise, 1e-3), 0.5, 3.0))
        before, last = last, found
    return points, "open"


def _ahead(before: Held | None, last: Held, at: float, place: int) -> np.ndarray:
    """A guess of the other parameters at the next point, from the last two points."""
    if before is None:
        return last.values
    gone = last.values[place] - before.values[place]
    return last.values + (last.values - before.values) * (at - last.values[place]) / gone


def _root(point: Held) -> float:
    return float(np.sqrt(max(point.statistic, 0.0)))


def _contour(fits: HeldFits, to: float, rays: int) -> Contour:
    root = np.linalg.cholesky(fits.covariance)
    target = np.sqrt(quantile_of_chi2(to, 2))
    of = [fits.result.parameters[name] for name in fits.names]
    low, high = np.array([p.low for p in of]), np.array([p.high for p in of])
    centre, found = fits.fitted[fits.places], []
    for angle in 2 * np.pi * np.arange(rays) / rays:
        way = root @ np.array([np.cos(angle), np.sin(angle)])
        found.append(_ray(fits, centre, way, (low, high), float(target)))
    return Contour(
        names=(of[0].name, of[1].name),
        units=(of[0].unit, of[1].unit),
        centre=centre,
        ellipse=fits.covariance,
        rays=tuple(found),
    )


def _ray(
    fits: HeldFits, centre: np.ndarray, way: np.ndarray, limits: tuple[np.ndarray, np.ndarray], target: float
) -> np.ndarray:
    """Points along a ray from the fit: both parameters and the root of the statistic, (n, 3), until it exceeds the
    target or a bound is met."""
    ahead = np.where(way > 0, limits[1], limits[0]) - centre
    reach = float(np.min(np.where(way != 0, np.abs(ahead) / np.where(way != 0, np.abs(way), 1), np.inf)))
    points, last, length, step = [[*centre, 0.0]], fits.fitted, 0.0, 1.2
    while len(points) < _MOST_ON_RAY and length < reach:
        length = min(length + step, reach)
        at = np.clip(centre + length * way, *limits)
        found = fits.at(at, last)
        if found is None:
            break
        rise = _root(found) - points[-1][2]
        points.append([*at, _root(found)])
        if points[-1][2] >= target:
            break
        step *= float(np.clip(1.2 / max(rise, 1e-3), 0.5, 2.0))
        last = found.values
    return np.array(points)
