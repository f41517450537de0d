"""Directions in which the map of one sector can move: along the parameters, and away from the model."""

from typing import NamedTuple, final

import numpy as np

from .binned_slopes import BinnedSlopes

DEPARTURES = ("contrast", "offset", "rate", "stretching", "ageing", "fading")
"""The ways in which a sector may differ from the model: in contrast or offset; in the rate of its decay; in the shape
of its decay, exp(−x) against exp(−x^γ); in a rate, and in a contrast, that change with the age of the sample."""
MOST_PARAMETERS = 64


@final
class Directions(NamedTuple):
    """Slopes of the map over the bins, each (n, n), symmetric with 0 on its diagonal.

    - `active`: the parameters that move this sector, (n_active,); none where there are more than 64 of them;
    - `maps`: by these parameters, then by the `DEPARTURES`, (n_active + 6, n, n).
    """

    active: np.ndarray
    maps: np.ndarray


def directions_of(slopes: BinnedSlopes, contrast: float) -> Directions:
    """**Arguments:** `slopes`: of the sector over the bins; `contrast`: of the sector."""
    active = slopes.active if slopes.active.size <= MOST_PARAMETERS else np.zeros(0, int)
    maps = np.zeros((active.size + len(DEPARTURES), *slopes.M.shape))
    for position, k in enumerate(active.tolist()):
        maps[position] = slopes.of(k)
    maps[active.size :] = _departures(contrast, slopes.M)
    return Directions(active, without_diagonal(maps))


def _departures(contrast: float, M: np.ndarray) -> np.ndarray:
    """The slopes along the `DEPARTURES`, (6, n, n)."""
    decay = np.clip(-np.log(np.clip(M, 1e-12, 1)), 1e-6, None)
    rate = -contrast * np.where(M > 1e-9, M, 0) * decay
    age = np.arange(len(M)) / max(len(M) - 1, 1) - 0.5
    ages = np.add.outer(age, age)
    return np.stack([M, np.ones_like(M), rate, rate * np.log(decay), rate * ages, M * ages])


def without_diagonal(values: np.ndarray) -> np.ndarray:
    """Square maps (…, n, n) with 0 on their diagonals."""
    return values * (1 - np.eye(values.shape[-1]))
