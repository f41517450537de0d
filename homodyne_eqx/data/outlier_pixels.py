"""Single pixels of the maps that are far from the pixels around them, found without a model."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any, final

import numpy as np

from .two_time import TwoTimeData

_BLOCK = 256
_PART = 4096 * _BLOCK
_REACH = 3
_FEWEST_AROUND = 8
_LOWEST_THRESHOLD = 6.0
_FLOOR = 1e-6
_NORMAL_MAD = 1.4826


@final
@dataclass(frozen=True, eq=False)
class Outliers:
    """Pixels that do not fit those around them. NumPy takes it for its mask.

    - `mask`: True at each, in both triangles, `(n_sector, n_t, n_t)`;
    - `threshold`: by how many standard deviations of the pixels around it a pixel is off, at least.
    """

    mask: np.ndarray
    threshold: float

    @property
    def count(self) -> int:
        """The number of pixels; a pair of frames is two pixels."""
        return int(np.count_nonzero(self.mask))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.mask, dtype=dtype, copy=bool(copy)) if copy else np.asarray(self.mask, dtype=dtype)

    def __str__(self) -> str:
        return f"{self.count} of {self.mask.size} pixels are outliers"


def outlier_pixels(data: TwoTimeData) -> Outliers:
    """Pixels that are far from those around them; `data.excluding(outliers=…)` leaves them out.

    A pixel is an outlier if it differs from two medians by more than a threshold: from the median of the four nearest
    pixels of its lag, and from that of the 7 × 7 pixels around it. The threshold is 6 standard deviations, estimated
    robustly; it is larger for so many pixels that a normal distribution would have one beyond 6. Where c2 falls
    steeply, the scatter around a pixel is large, and a small outlier is not found.

    In 400 simulated good data sets of 60 to 150 frames 5 pairs of frames were wrongly found as outliers
    (`benchmarks/data_checks.py`).

    Exclude bad frames first: all pixels of their rows may be outliers. Only one map and the mask are in memory at a
    time.
    """
    n = data.n_t
    pixels = data.n_sector * n * (n - 1)
    threshold = max(_LOWEST_THRESHOLD, NormalDist().inv_cdf(1 - 0.25 / pixels))
    mask = np.zeros(data.shape, bool)
    for k in range(data.n_sector):
        c2, excluded = data.map_and_excluded(k)
        values = np.where(excluded, np.nan, c2)
        symmetric = np.array_equal(values, values.T, equal_nan=True)
        for of_triangle in (values,) if symmetric else (values, values.T):
            for i, j in _far_pairs(of_triangle, threshold):
                if _far_from_surroundings(of_triangle, i, j, threshold):
                    mask[k, i, j] = mask[k, j, i] = True
    return Outliers(mask, threshold)


def _far_pairs(values: np.ndarray, threshold: float) -> Iterator[tuple[int, int]]:
    """The pixels i < j that are far from those beside them of the same lag.

    The pixels are taken in the order of their lag, a part at a time; parts overlap by two blocks.
    """
    ends = np.cumsum(np.arange(len(values) + 1, 2, -1))
    for begin in range(0, int(ends[-1]), _PART):
        i, j = _pairs_by_lag(ends, begin - 2 * _BLOCK, min(begin + _PART, int(ends[-1])) + 2 * _BLOCK)
        in_order = np.where(i < 0, np.nan, values[i, j].astype(np.float64))
        found = np.flatnonzero(_far_along(in_order, threshold))
        for p in found[(found >= 2 * _BLOCK) & (found < len(i) - 2 * _BLOCK)].tolist():
            yield int(i[p]), int(j[p])


def _pairs_by_lag(ends: np.ndarray, begin: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    """Frames i < j of the pairs in these places of an order by lag, then by i. After each lag come two places without a
    pair; there, and before the first place and after the last one, i is −1.

    **Arguments:** `ends`: the place after the last one of each lag, from lag 1 on.
    """
    place, n = np.arange(begin, end), len(ends) + 1
    number = np.searchsorted(ends, place, side="right")
    lag = number + 1
    i = place - np.concatenate([[0], ends])[number]
    i = np.where((place < 0) | (place >= ends[-1]) | (i >= n - lag), -1, i)
    return i, np.where(i < 0, 0, i + lag)


def _far_along(values: np.ndarray, threshold: float) -> np.ndarray:
    """Values that differ from the median of the two before and the two after by so many usual deviations; true for
    values without such neighbours."""
    padded = np.pad(values, 2, constant_values=np.nan)
    beside = np.stack([padded[:-4], padded[1:-3], padded[3:-1], padded[4:]])
    middle = (np.sum(beside, 0) - np.max(beside, 0) - np.min(beside, 0)) / 2
    partly = np.flatnonzero(np.isnan(middle) & np.isfinite(values))
    ordered = np.sort(beside[:, partly], axis=0)
    count = np.maximum(np.count_nonzero(np.isfinite(ordered), axis=0), 1)
    place = np.arange(len(partly))
    middle[partly] = (ordered[(count - 1) // 2, place] + ordered[count // 2, place]) / 2
    off = np.abs(values - middle)
    blocks = np.sort(np.pad(off, (0, -len(off) % _BLOCK), constant_values=np.nan).reshape(-1, _BLOCK), axis=1)
    count = np.count_nonzero(np.isfinite(blocks), axis=1)
    usual = np.nan_to_num(blocks[np.arange(len(blocks)), count // 2 - (count > 1) * (count % 2 == 0)]) * _NORMAL_MAD
    around = np.pad(usual, 1, mode="edge")
    usual = np.maximum(np.maximum(around[:-2], around[2:]), usual)
    alone = np.isfinite(values) & np.isnan(middle)
    return alone | (off > threshold * np.repeat(usual, _BLOCK)[: len(off)])


def _far_from_surroundings(values: np.ndarray, i: int, j: int, threshold: float) -> bool:
    """Whether a pixel is off the median of the 7 × 7 pixels around it by so many of their standard deviations."""
    low_i, low_j = max(i - _REACH, 0), max(j - _REACH, 0)
    around = values[low_i : i + _REACH + 1, low_j : j + _REACH + 1].ravel()
    around = np.delete(around.astype(np.float64), (i - low_i) * (min(j + _REACH + 1, len(values)) - low_j) + j - low_j)
    around = around[np.isfinite(around)]
    if len(around) < _FEWEST_AROUND:
        return False
    middle = np.median(around)
    scatter = max(_NORMAL_MAD * np.median(np.abs(around - middle)), _FLOOR * abs(middle))
    return bool(abs(values[i, j] - middle) > threshold * scatter)
