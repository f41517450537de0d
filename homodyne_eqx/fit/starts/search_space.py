"""The coordinates of a search for a start: which parameters it moves, and between which values."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from ..free_parameters import FreeParameters
from ..parameter import Parameter

_PROBES = 32
_DECADES = 8.0
_OFF = 1e-9
_SLOWEST, _FASTEST = 0.97, 0.003
_BEYOND = 3.0
_WIDE = 1e3


@final
@dataclass(frozen=True)
class Coordinate:
    """The meaning of one number in [0, 1] of a search: a parameter, or all elements of an array together.

    - `columns`: which of the free parameters move; `start`: their values, (n_columns,);
    - `low`, `high`: of the first one; of all the factor to the start, as a logarithm, where `by_factor`;
    - `periodic`: whether 0 and 1 are the same.
    """

    columns: np.ndarray
    start: np.ndarray
    low: float
    high: float
    by_factor: bool
    periodic: bool = False

    def values(self, u: np.ndarray) -> np.ndarray:
        """The parameters (n, n_columns) of coordinates u, (n,)."""
        x = self.low + u[:, None] * (self.high - self.low)
        return self.start * np.exp(x) if self.by_factor else x + self.start - self.start[0]

    def of_values(self, values: np.ndarray) -> float:
        """The coordinate of parameters (n_columns,), as far as it has them, within [0, 1]."""
        if self.by_factor:
            x = np.log(max(values[0] / self.start[0], 1e-300))
        else:
            x = values[0]
        u = (x - self.low) / (self.high - self.low)
        return float(np.mod(u, 1) if self.periodic else np.clip(u, 0, 1))


@final
@dataclass(frozen=True)
class SearchSpace:
    """`base`: the free parameters, (n_free,), that the coordinates leave where they are."""

    base: np.ndarray
    low: np.ndarray
    high: np.ndarray
    coordinates: tuple[Coordinate, ...]

    def parameters(self, u: np.ndarray) -> np.ndarray:
        """(n, n_free), within their bounds, from u, (n, n_coordinates)."""
        found = np.tile(self.base, (len(u), 1))
        for coordinate, of_all in zip(self.coordinates, u.T, strict=True):
            found[:, coordinate.columns] = coordinate.values(of_all)
        return np.clip(found, self.low, self.high)

    def of_parameters(self, parameters: np.ndarray) -> np.ndarray:
        """The coordinates next to free parameters (n_free,)."""
        return np.array([each.of_values(parameters[each.columns]) for each in self.coordinates])


def search_space(free_parameters: FreeParameters, level: Callable[[np.ndarray], np.ndarray]) -> SearchSpace:
    """The range of the search for the parameters of the physics.

    - A parameter with a period is looked for over all of it, one with two bounds between these.
    - One > 0 is multiplied by factors from where it leaves the maps as they are to where they have decayed within the
      shortest lag, each alone.
    - Others (offsets that start at 0) stay where they are; so does what the maps do not depend on.

    **Arguments:** `level`: of the mean of M over the pairs, (n,), for free parameters (n, n_free).
    """
    free = free_parameters.free
    base = free_parameters.array("value")
    margin = 1e-6 * np.maximum(np.abs(base), 1e-12)
    low, high = free_parameters.array("low") + margin, free_parameters.array("high") - margin
    found = list(_coordinates(free))
    factors = [each for each in found if each.by_factor]
    for each in (each for each in factors if each.high <= each.low):
        found[found.index(each)] = _probed(each, factors, base, low, high, level)
    return SearchSpace(base, low, high, tuple(each for each in found if each.high > each.low))


def _coordinates(free: Sequence[Parameter]) -> Iterator[Coordinate]:
    for leaf in dict.fromkeys(p.leaf for p in free if not p.of_scaling):
        columns = np.array([k for k, p in enumerate(free) if p.leaf == leaf])
        first, start = free[columns[0]], np.array([free[k].value for k in columns])
        if first.period is not None:
            yield Coordinate(columns, start, first.value, first.value + first.period, False, periodic=True)
        elif np.isfinite(first.low) and np.isfinite(first.high):
            if first.low > 0 and first.high > _WIDE * first.low and np.all(start > 0):
                yield Coordinate(columns, start, np.log(first.low / start[0]), np.log(first.high / start[0]), True)
            else:
                yield Coordinate(columns, start, first.low, first.high, False)
        elif np.all(start > 0):
            yield Coordinate(columns, start, 0.0, 0.0, by_factor=True)


def _probed(
    one: Coordinate,
    all_factors: Sequence[Coordinate],
    base: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    level: Callable[[np.ndarray], np.ndarray],
) -> Coordinate:
    """The range of factors in which the maps depend on it, with the others out of the way or else as they are."""
    factors = np.linspace(-_DECADES, _DECADES, _PROBES) * np.log(10)
    for off in (_OFF, 1.0):
        tried = np.tile(base, (_PROBES, 1))
        for other in all_factors:
            tried[:, other.columns] *= off
        tried[:, one.columns] = one.start * np.exp(factors)[:, None]
        found = level(np.clip(tried, low, high))
        most = np.nanmax(found, initial=0.0)
        if np.any(np.isfinite(found)) and np.nanmin(found) < 0.5 * most:
            within = np.flatnonzero((found < _SLOWEST * most) & (found > _FASTEST * most))
            if within.size:
                beyond = np.log(_BEYOND)
                return replace(one, low=float(factors[within[0]] - beyond), high=float(factors[within[-1]] + beyond))
    return one
