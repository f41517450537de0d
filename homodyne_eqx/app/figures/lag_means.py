"""g2(τ) of a two-time map: means over all ages."""

from dataclasses import dataclass
from typing import final

import numpy as np

_BINS = 40


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
    steps = np.abs(frames[:, None] - frames)
    used = counts & (steps > 0)
    edges = np.unique(np.geomspace(1, max(n_t, 2), _BINS + 1).round().astype(int))
    bins = np.searchsorted(edges, frames, side="right")  # 0 for lag 0, which is not used
    inside = bins[steps][used]
    lag = np.abs(t[:, None] - t)[used]
    count = np.bincount(inside, minlength=len(edges) + 1)
    filled = count > 0

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(inside, values, minlength=len(edges) + 1)[filled] / count[filled]

    return LagMeans(mean(lag), mean(c2[used]), mean(model[used]))
