"""Averages of two-time maps over windows of age and bins of lag, with the covariances of their noise."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from .correlated_noise import noise_of_map
from .errors import NoPixelLeft, NotASelection
from .pair_data import PairData

_MEMBERS, _LAYERS = 32, 4
_FEWEST_PAIRS = 8


class _Bin(NamedTuple):
    """The pairs of frames, later and earlier, that one value is the mean of."""

    later: np.ndarray
    earlier: np.ndarray


def cuts_of(data: Any, ages: Any, lags: int) -> PairData:
    """`TwoTimeData.cuts`; `data` is the `TwoTimeData`."""
    t = np.asarray(data.geometry.t, float)
    windows = _windows(ages, t)
    if lags < 1:
        raise NotASelection("lags", lags, "a number of bins, at least 1")
    value, later, earlier, sector, covariances = [], [], [], [], []
    for k in range(data.n_sector):
        c2, excluded = data.map_and_excluded(k)
        c2, counts = _folded(np.asarray(c2, float), ~excluded)
        bins = list(_bins(counts, t, windows, lags))
        if not bins:
            raise NoPixelLeft(k, len(t), int(np.count_nonzero(~counts)), 0)
        means = np.array([np.mean(c2[each]) for each in bins])
        value.append(means)
        members = [_members(each) for each in bins]
        later += [m.later for m in members]
        earlier += [m.earlier for m in members]
        sector += [k] * len(bins)
        covariances.append(noise_of_map(c2, counts).covariance_of_means([(b.later, b.earlier) for b in bins], means))
    return PairData(
        np.concatenate(value),
        data.geometry,
        np.stack(later),
        np.stack(earlier),
        np.array(sector),
        provenance=data.provenance,
        sigma_source="the scatter of neighbouring pixels of each map, and the decay of its correlation",
        covariances=covariances,
    )


def _windows(ages: Any, t: np.ndarray) -> list[tuple[float, float]]:
    """The windows of age, s: first included, last not, but for that of the last window."""
    if isinstance(ages, int | np.integer):
        if ages < 1:
            raise NotASelection("ages", ages, "a number of windows, at least 1, or ranges (from, to) in s")
        edges = np.linspace(t[0], t[-1] * (1 + 1e-9), int(ages) + 1)
        return list(zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True))
    try:
        found = [(float(low), float(high)) for low, high in ages]
    except (TypeError, ValueError):
        found = []
    if not found or any(not low < high for low, high in found):
        raise NotASelection("ages", ages, "a number of windows, at least 1, or ranges (from, to) in s")
    return found


def _folded(c2: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The mean of (i, j) and (j, i) where both count, else the one that does; 0 where none does."""
    weights = counts.astype(float)
    total = weights + weights.T
    known = np.where(counts, c2, 0)
    return (known + known.T) / np.maximum(total, 1), total > 0


def _bins(counts: np.ndarray, t: np.ndarray, windows: list[tuple[float, float]], lags: int) -> Iterator[_Bin]:
    """The bins that hold enough pairs, window by window."""
    later, earlier = np.tril_indices(len(t), -1)
    used = counts[later, earlier]
    later, earlier = later[used], earlier[used]
    edges = np.unique(np.geomspace(1, len(t), lags + 1).round().astype(int))
    of_lag = np.searchsorted(edges, later - earlier, side="right")
    age = (t[later] + t[earlier]) / 2
    for low, high in windows:
        inside = (age >= low) & (age < high)
        for number in range(1, len(edges) + 1):
            here = inside & (of_lag == number)
            if np.count_nonzero(here) >= _FEWEST_PAIRS:
                yield _Bin(later[here], earlier[here])


def _members(pairs: _Bin) -> _Bin:
    """Some pairs with the mean of all: of equal parts in lag and, within these, in age the pair next to the middle."""
    lag, age = pairs.later - pairs.earlier, pairs.later + pairs.earlier
    n = len(lag)
    order = np.lexsort((age, lag))
    if n <= _MEMBERS:
        chosen = order[((np.arange(_MEMBERS) + 0.5) / _MEMBERS * n).astype(int)]
        return _Bin(pairs.later[chosen], pairs.earlier[chosen])
    chosen = []
    for layer in _equal_parts(order, _LAYERS):
        for cell in _equal_parts(layer[np.argsort(age[layer], kind="stable")], _MEMBERS // _LAYERS):
            cell = cell if len(chosen) % 2 else cell[::-1]  # of two that are as near, the earlier and the later in turn
            off = [np.abs(x[cell] - np.mean(x[cell])) / max(np.std(x[cell]), 1e-9) for x in (lag, age)]
            chosen.append(cell[np.argmin(off[0] + off[1])])
    return _Bin(pairs.later[chosen], pairs.earlier[chosen])


def _equal_parts(order: np.ndarray, n: int) -> list[np.ndarray]:
    """Parts whose sizes differ by one at most, the larger ones spread evenly."""
    edges = np.linspace(0, len(order), n + 1).round().astype(int)
    return [order[a:b] for a, b in pairwise(edges)]
