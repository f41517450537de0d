"""The noise of two-time maps, estimated from the plateau that they reach at long lags."""

from collections.abc import Sequence

import numpy as np

from .errors import SigmaNotEstimated
from .exclusion import excluded_pixels, mask_of_sector
from .maps import MapStack

_PLATEAU = 2 / 3
_FEWEST_PIXELS = 20
_NORMAL_MAD = 1.4826
_OUTLIER = 6.0
_DISTANCES = 24
_REACH = 2 / 3
_APART = 3.5


def estimate_sigma(c2: MapStack, masks: Sequence[np.ndarray | None], alike: np.ndarray) -> tuple[np.ndarray, str]:
    """Noise of each map from the scatter of its far-lag plateau, and a sentence on how it was estimated.

    The pixels are those with a lag of at least two thirds of the longest one; those that are off by 6 times the median
    absolute deviation from a line in the lag do not count. Noise of speckles is alike in neighbouring pixels, so that
    the scatter of a small plateau about its own mean is too small. So half the mean square difference of two pixels of
    one lag is followed with their distance d, and is continued to where nothing is alike:
    V(d) = σ² (1 − κ² M(d)²), where M is the decay of c2 above the plateau and κ ≤ 1 is the part that is not photon
    noise.

    In 40 simulated data sets each, the mean estimate is off by 0.0 % (6 sectors of 120 frames, decay of the field in
    10 frames), −2.2 % (8 × 100, 25), +0.1 % (contrast 0.1, a photon a speckle) and −4.7 % (6 × 120, 60), with a scatter
    of 6, 10, 1 and 12 % (`benchmarks/data_checks.py`).

    **Arguments:** `masks`: as of `TwoTimeData`, each or `None`; `alike`: a number for each sector, equal for those
    that should have equal noise, `(n_sector,)`: their variances are averaged, unless they differ by more than 3.5 times
    their sampling errors, as those of sectors of very different numbers of speckles do.

    **Returns:** `(n_sector,)` standard deviations. **Raises:** `SigmaNotEstimated` for a map with too few pixels at
    these lags, or with equal values there.
    """
    n_sector, n_t, _ = c2.shape
    shortest = max(int(np.ceil(_PLATEAU * (n_t - 1))), 1)
    size = n_t - shortest
    distances = np.unique(np.geomspace(1, max(int(_REACH * (size - 1)), 1), _DISTANCES).round().astype(int))
    halves, pairs, above = np.zeros((3, n_sector, len(distances)))
    count = np.zeros(n_sector)
    for k in range(n_sector):
        map_k = np.asarray(c2[k])
        excluded = excluded_pixels(map_k, *(mask_of_sector(mask, k) for mask in masks))[0]
        values = np.where(excluded, np.nan, map_k).astype(np.float64)
        corner = _plateau(values, shortest)
        count[k] = np.count_nonzero(np.isfinite(corner))
        if count[k] < _FEWEST_PIXELS:
            raise SigmaNotEstimated(
                k,
                f"Sector {k} has {count[k]:.0f} pixels at lags of {shortest} frames or more; estimating sigma takes at "
                f"least {_FEWEST_PIXELS}.",
            )
        corner = _without_outliers(corner, shortest)
        halves[k], pairs[k] = _half_square_differences(corner, distances)
        above[k] = _decay(values, distances) - np.nanmedian(corner)
        if not np.any(halves[k] > 0):
            raise SigmaNotEstimated(k, f"The far-lag plateau of sector {k} does not scatter.")
    variance = np.empty(n_sector)
    for number in np.unique(alike):
        members = np.flatnonzero(alike == number)
        alone = np.array([_fitted_variance(halves[[k]], pairs[[k]], above[[k]])[0] for k in members])
        correlation = _fitted_variance(halves[members], pairs[members], above[members])[1]
        together = (1 + 2 * np.sum(np.interp(np.arange(1, size), distances, correlation))) ** 2
        for group in _groups(alone, np.sqrt(2 * together / count[members])):
            some = members[group]
            variance[some] = _fitted_variance(halves[some], pairs[some], above[some])[0]
    source = f"estimated: scatter of the maps at lags of {shortest} to {n_t - 1} frames"
    shared = len(np.unique(variance)) < n_sector
    return np.sqrt(variance), f"{source}, averaged over sectors of equal q" if shared else source


def _plateau(values: np.ndarray, shortest: int) -> np.ndarray:
    """The corner of a map that holds the lags from `shortest` on, frames i × frames j, NaN at shorter lags."""
    size = len(values) - shortest
    i, j = np.ogrid[:size, :size]
    return np.where(j >= i, values[:size, shortest:], np.nan)


def _without_outliers(corner: np.ndarray, shortest: int) -> np.ndarray:
    """NaN where a pixel is far from the line in the lag through the medians at the shorter and at the longer lags."""
    i, j = np.nonzero(np.isfinite(corner))
    lag, values = shortest + j - i, corner[i, j]
    near = lag <= np.median(lag)
    if np.any(~near):
        lags, heights = ([np.median(x[part]) for part in (near, ~near)] for x in (lag, values))
        values = values - heights[0] - (heights[1] - heights[0]) * (lag - lags[0]) / (lags[1] - lags[0])
    off = np.abs(values - np.median(values))
    far = off > _OUTLIER * _NORMAL_MAD * np.median(off)
    kept = corner.copy()
    kept[i[far], j[far]] = np.nan
    return kept


def _half_square_differences(corner: np.ndarray, distances: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Half the mean square difference of two pixels of one lag that are d frames apart, and the number of pairs."""
    halves, pairs = np.zeros((2, len(distances)))
    for at, d in enumerate(distances):
        square = (corner[d:, d:] - corner[:-d, :-d]) ** 2 / 2
        pairs[at] = np.count_nonzero(np.isfinite(square))
        halves[at] = np.nansum(square) / max(pairs[at], 1)
    return halves, pairs


def _decay(values: np.ndarray, lags: np.ndarray) -> np.ndarray:
    """The mean of c2 at each lag; NaN where nothing counts."""
    diagonals = [np.diagonal(values, lag) for lag in lags]
    return np.array([np.mean(x[np.isfinite(x)]) if np.any(np.isfinite(x)) else np.nan for x in diagonals])


def _fitted_variance(halves: np.ndarray, pairs: np.ndarray, above: np.ndarray) -> tuple[float, np.ndarray]:
    """σ² of some sectors from V(d) = σ² (1 − κ² M(d)²), and the correlation κ² M(d)² of pixels of one lag, `(n_d,)`.

    Mean and slope by weighted least squares, the slope between 0 and that at which V would be 0 at its smallest.
    """
    weight = np.sum(pairs, axis=0)
    half = np.sum(pairs * halves, axis=0) / np.maximum(weight, 1)
    known = np.isfinite(above)
    decay = np.sum(np.where(known, above, 0), axis=0) / np.maximum(np.count_nonzero(known, axis=0), 1)
    alike = np.maximum(decay, 0) ** 2
    centre, mean = np.average(alike, weights=weight), np.average(half, weights=weight)
    spread = np.average((alike - centre) ** 2, weights=weight)
    slope = -np.average((alike - centre) * (half - mean), weights=weight) / spread if spread > 0 else 0.0
    slope = min(max(slope, 0.0), mean / max(np.max(alike) - centre, 1e-300))
    variance = float(mean + slope * centre)
    return variance, np.clip(slope * alike / variance, 0, 1)


def _groups(variance: np.ndarray, error: np.ndarray) -> list[np.ndarray]:
    """The sectors that agree within their relative errors, `(n,)`, as groups of places.

    The one that is farthest off is set apart until all others agree; those set apart are grouped in the same way.
    """
    groups, waiting = [], np.arange(len(variance))
    while len(waiting):
        group = waiting
        while True:
            mean = np.average(np.log(variance[group]), weights=error[group] ** -2.0)
            off = np.abs(np.log(variance[group]) - mean) / error[group]
            if len(group) == 1 or np.max(off) <= _APART:
                break
            group = np.delete(group, np.argmax(off))
        groups.append(group)
        waiting = np.setdiff1d(waiting, group)
    return groups
