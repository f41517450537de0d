"""The difference of each row of two-time maps from the rows beside it: one number a frame, without a model."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from .two_time import TwoTimeData

FEWEST_FRAMES = 20
_FEWEST_PIXELS = 10
_NEAR = 1 / 20
_QUANTILE = 5 / 6
_FLOOR = 2e-4
_PIXELS, _FEWEST_COLUMNS = 2_000_000, 64


@final
@dataclass(frozen=True)
class FrameRows:
    """Rows of the maps compared with those beside them, over all sectors; `m` frames of which enough pixels count.

    - `frames`: their indices, `(m,)`;
    - `level`: c2 of a frame less that of the first one, `(m,)`; `typical`: the median of c2;
    - `adjacent`: c2 of a frame and the next one, `(m − 1,)`, NaN where it is excluded in all sectors;
    - `noise`: logarithm of the scatter of a row about the rows beside it, less its median over the frames, `(m,)`;
    - `outside`: the same of the part by which it lies outside the interval between them, which is small where a
      smooth decay makes rows differ, `(m,)`.
    """

    frames: np.ndarray
    level: np.ndarray
    typical: float
    adjacent: np.ndarray
    noise: np.ndarray
    outside: np.ndarray


def compare_rows(data: TwoTimeData, left_out: Sequence[int] = ()) -> FrameRows | None:
    """The rows of all frames but those left out; `None` for fewer than 20 frames. Reads one map at a time.

    Short lags, where c2 decays and shot noise adds to it, do not count: those up to a twentieth of the frames, and 3.
    Of large maps every n-th column is taken, 2 million pixels in all or 64 columns. A sector is weighted by how little
    its rows differ in mean from one to the next.
    """
    n = data.n_t
    columns = np.arange(0, n, max(n // max(_PIXELS // (data.n_sector * n), _FEWEST_COLUMNS), 1))
    near = np.abs(np.subtract.outer(np.arange(n), columns)) <= max(3, int(np.ceil(_NEAR * n)))
    levels, noises, outsides, nexts = np.full((4, data.n_sector, n), np.nan)
    typical = np.full(data.n_sector, np.nan)
    for k in range(data.n_sector):
        c2, excluded = data.map_and_excluded(k)
        unused = excluded[:, columns] | near | np.isin(columns, left_out)
        unused[list(left_out)] = True
        places = np.flatnonzero(np.count_nonzero(~unused, axis=1) >= _FEWEST_PIXELS)
        if len(places) < FEWEST_FRAMES:
            continue
        values = np.where(unused, np.nan, c2[:, columns])[places].astype(np.float64)
        steps = _mean_of_middle(np.diff(values, axis=0))
        levels[k, places] = np.concatenate([[0.0], np.cumsum(np.nan_to_num(steps))])
        noises[k, places] = _scatter_beside(values)
        outsides[k, places] = _quantile(_outside(values), _QUANTILE)
        pair = places[:-1], places[1:]
        nexts[k, places[:-1]] = np.where(excluded[pair], np.nan, c2[pair])
        typical[k] = np.nanmedian(values)
    places = np.flatnonzero(np.any(np.isfinite(levels), axis=0))
    if len(places) < FEWEST_FRAMES:
        return None
    steps = np.diff(levels[:, places], axis=1)
    scale = np.array([usual_size(np.diff(step[np.isfinite(step)])) for step in steps])
    weight = np.where(np.isfinite(typical), np.maximum(scale, 1e-6) ** -2.0, 0)
    floor = _FLOOR * np.abs(typical)[:, None]
    return FrameRows(
        frames=places,
        level=np.concatenate([[0.0], np.cumsum(_mean(steps, weight))]),
        typical=float(_mean(typical[:, None], weight)[0]),
        adjacent=np.where(np.any(np.isfinite(nexts[:, places[:-1]]), 0), _mean(nexts[:, places[:-1]], weight), np.nan),
        noise=_relative(np.log(np.maximum(noises[:, places], floor))),
        outside=_relative(np.log(np.maximum(outsides[:, places], floor))),
    )


def usual_size(x: np.ndarray) -> float:
    """Standard deviation of most of `x`: from the median of |x − median| or, if that says more, its 80 % quantile."""
    if not len(x):
        return 0.0
    size = np.abs(x - np.median(x))
    return float(max(np.median(size) / 0.6745, np.quantile(size, 0.8) / 1.2816))


def _scatter_beside(values: np.ndarray) -> np.ndarray:
    """The smaller of the scatters of each row about the row before and the row after it, `(m,)`.

    A noisy row makes no other row noisy so; at either end the rows are the next one and the one after that.
    """

    def about(some: np.ndarray, others: np.ndarray) -> np.ndarray:
        return _quantile(some - others, _QUANTILE) - _quantile(some - others, 1 - _QUANTILE)

    steps = about(values[1:], values[:-1])
    ends = [np.min(about(values[[end, end]], values[beside])) for end, beside in ((0, [1, 2]), (-1, [-2, -3]))]
    return np.concatenate([ends[:1], np.fmin(steps[1:], steps[:-1]), ends[1:]])


def _outside(values: np.ndarray) -> np.ndarray:
    """The distance of each row from the interval between the two rows beside it, `(m, n)`, ≥ 0.

    At either end the interval is that of the next two rows and of a line through them continued twice as steeply.
    """
    low, high = np.empty_like(values), np.empty_like(values)
    np.minimum(values[:-2], values[2:], out=low[1:-1])
    np.maximum(values[:-2], values[2:], out=high[1:-1])
    for end, one, two in ((0, 1, 2), (-1, -2, -3)):
        beside = np.stack([values[one], values[two], 3 * values[one] - 2 * values[two]])
        low[end], high[end] = beside.min(axis=0), beside.max(axis=0)
    return np.maximum(np.maximum(values - high, low - values), 0)


def _mean_of_middle(values: np.ndarray) -> np.ndarray:
    """Mean of the middle half of each row, without NaN, and NaN where fewer than 10 values are left."""
    ordered = np.sort(values, axis=1)
    count = np.count_nonzero(np.isfinite(ordered), axis=1)
    low, high = count // 4, count - count // 4
    place = np.arange(ordered.shape[1])
    kept = (place >= low[:, None]) & (place < high[:, None])
    total = np.sum(np.where(kept, ordered, 0), axis=1)
    return np.where(count >= _FEWEST_PIXELS, total / np.maximum(high - low, 1), np.nan)


def _quantile(values: np.ndarray, part: float) -> np.ndarray:
    """A quantile of each row, without NaN, and NaN where fewer than 10 values are left."""
    ordered = np.sort(values, axis=1)
    count = np.count_nonzero(np.isfinite(ordered), axis=1)
    found = ordered[np.arange(len(ordered)), (part * np.maximum(count - 1, 0)).astype(int)]
    return np.where(count >= _FEWEST_PIXELS, found, np.nan)


def _relative(logs: np.ndarray) -> np.ndarray:
    """Mean over the sectors of what exceeds the median over the frames, `(m,)`."""
    middle = [np.median(x[np.isfinite(x)]) if np.any(np.isfinite(x)) else np.nan for x in logs]
    return _mean(logs - np.array(middle)[:, None], np.ones(len(logs)))


def _mean(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Weighted mean over the sectors of the finite values; 0 where there are none."""
    w = np.where(np.isfinite(values), weights[:, None], 0)
    total = np.sum(w, axis=0)
    return np.sum(w * np.where(w > 0, values, 0), axis=0) / np.where(total > 0, total, 1)
