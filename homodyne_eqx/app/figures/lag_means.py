"""g2(τ) of a two-time map: means over all ages."""

from dataclasses import dataclass
from typing import final

import numpy as np

_BINS = 40
_ROWS = 256


@final
@dataclass(frozen=True)
class LagMeans:
    """Data and model at lags `lag` (s), means over all pixels of that lag that count, `(n,)`; lags are binned."""

    lag: np.ndarray
    data: np.ndarray
    model: np.ndarray


def lag_means(c2: np.ndarray, model: np.ndarray, counts: np.ndarray, t: np.ndarray) -> LagMeans:
    """Means over all ages of a map, in bins of the lag that widen with it.

    **Arguments:** `counts`: whether a pixel counts, `(n_t, n_t)`; those on the diagonal are left out.
    """
    n_t = len(t)
    frames = np.arange(n_t)
    edges = np.unique(np.geomspace(1, max(n_t, 2), _BINS + 1).round().astype(int))
    bins = np.searchsorted(edges, frames, side="right")  # 0 for lag 0, which is not used
    count, *sums = np.zeros((4, len(edges) + 1))
    for first in range(0, n_t, _ROWS):
        rows = frames[first : first + _ROWS]
        steps = np.abs(rows[:, None] - frames)
        used = counts[rows] & (steps > 0)
        inside = bins[steps[used]]
        count += np.bincount(inside, minlength=len(count))
        for total, values in zip(sums, (np.abs(t[rows, None] - t), c2[rows], model[rows]), strict=True):
            total += np.bincount(inside, values[used], minlength=len(count))
    filled = count > 0
    return LagMeans(*(total[filled] / count[filled] for total in sums))
