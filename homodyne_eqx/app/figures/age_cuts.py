"""Cuts of a two-time map at constant age (t1 + t2)/2."""

from dataclasses import dataclass
from itertools import pairwise
from typing import final

import numpy as np

_AGES = (1 / 8, 1 / 4, 1 / 2, 3 / 4)
_POINTS = 22


@final
@dataclass(frozen=True)
class AgeCut:
    """g2 at one age: the model at lags `lag` (s), the data as means over bins of the lag, all averaged over a few ages.

    - `age`: s; `lag`, `model`: (n,); `bin_lag`, `data`: (n_bin,).
    """

    age: float
    lag: np.ndarray
    model: np.ndarray
    bin_lag: np.ndarray
    data: np.ndarray


def age_cuts(c2: np.ndarray, model: np.ndarray, counts: np.ndarray, t: np.ndarray) -> list[AgeCut]:
    """Cuts at an eighth, a quarter, a half and three quarters of the frames.

    **Arguments:** `counts`: whether a pixel counts, `(n_t, n_t)`.
    """
    n_t = len(t)
    half_width = n_t // 60
    cuts = [_cut(c2, model, counts, t, round(part * (n_t - 1)), half_width) for part in _AGES]
    return [cut for cut in cuts if cut is not None]


def _cut(
    c2: np.ndarray, model: np.ndarray, counts: np.ndarray, t: np.ndarray, centre: int, half_width: int
) -> AgeCut | None:
    longest = 2 * min(centre, len(t) - 1 - centre) - 2 * half_width
    if longest < 3:
        return None
    lags = np.arange(1, longest + 1)
    ages = centre + np.arange(-half_width, half_width + 1)
    late = ages[:, None] + (lags + 1) // 2
    early = ages[:, None] - lags // 2
    used = counts[late, early] | counts[early, late]
    data = np.where(used, c2[late, early], 0)
    tau = np.mean(t[late] - t[early], axis=0)
    edges = np.unique(np.geomspace(1, longest + 1, _POINTS + 1).round().astype(int))
    inside = [(lags >= low) & (lags < high) for low, high in pairwise(edges)]
    filled = [part for part in inside if used[:, part].any()]
    return AgeCut(
        age=float(np.mean(t[late] + t[early]) / 2),
        lag=tau,
        model=np.mean(model[late, early], axis=0),
        bin_lag=np.array([np.mean(np.broadcast_to(tau, used.shape)[:, part][used[:, part]]) for part in filled]),
        data=np.array([np.sum(data[:, part]) / np.sum(used[:, part]) for part in filled]),
    )
