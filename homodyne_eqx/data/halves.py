"""The two halves of a two-time map: one that is empty is the transpose of the other; both must agree."""

from dataclasses import dataclass
from typing import final

import numpy as np

_PIXELS, _FEWEST_ROWS = 500_000, 64
_FEWEST, _FEWEST_FRAMES = 8, 4
_ROWS = 256
_THRESHOLD = 6.0
_OF_A_MEDIAN = 1.2533 * 1.4826
_FLOOR = 1e-5


@final
@dataclass(frozen=True)
class Asymmetry:
    """A row of a map that differs from its column by more than noise.

    - `row`: its frame; `difference`: the median of c2[row, j] − c2[j, row]; `noise`: the scatter of these differences.
    """

    row: int
    difference: float
    noise: float


def empty_half(c2: np.ndarray) -> str | None:
    """`"lower"` or `"upper"` where every pixel of this half of a map `(n_t, n_t)` is exactly 0 or NaN, and the other
    half is not; `None` for other maps, and for those of fewer than 4 frames, whose halves are a pixel or three."""
    if c2.shape[0] < _FEWEST_FRAMES:
        return None
    if not (np.any(_filled(c2[-1, :-1])) or np.any(_filled(np.tril(c2, -1)))):
        return "lower" if np.any(_filled(np.triu(c2, 1))) else None
    if not (np.any(_filled(c2[0, 1:])) or np.any(_filled(np.triu(c2, 1)))):
        return "upper"
    return None


def completed(c2: np.ndarray, half: str | None) -> np.ndarray:
    """A new map with the empty half filled by the transpose of the other; the same map where `half` is `None`."""
    if half is None:
        return c2
    whole = np.array(c2)
    filled = c2 if half == "lower" else c2.T  # its upper half has the values
    for first in range(0, len(c2), _ROWS):
        rows = slice(first, first + _ROWS)
        later = np.s_[rows, first:]
        half_of_rows = np.triu(filled[later])
        square = half_of_rows[:, : len(half_of_rows)]
        half_of_rows[:, : len(half_of_rows)] = square + np.triu(square, 1).T
        whole[later], whole.T[later] = half_of_rows, half_of_rows
    return whole


def asymmetry(c2: np.ndarray, excluded: np.ndarray | None = None) -> Asymmetry | None:
    """The row in which a map differs most from its transpose, beyond the noise of its halves; `None` if it does not.

    Of each row the median of c2[i, j] − c2[j, i] is compared with the scatter of these differences from one pixel to
    the next: noise that is independent in both halves has a median near 0, a map whose axes are not the same two times
    has not. Large maps are looked at in some rows. Rows of fewer than 8 pairs are not judged.
    """
    n = c2.shape[0]
    rows = np.unique(np.linspace(0, n - 1, min(n, max(_PIXELS // n, _FEWEST_ROWS))).round().astype(int))
    some, other = c2[rows].astype(np.float64), c2[:, rows].T.astype(np.float64)
    out = ~np.isfinite(some) | ~np.isfinite(other)
    if excluded is not None:
        out |= excluded[rows] | excluded[:, rows].T
    out[np.arange(len(rows)), rows] = True
    if np.array_equal(np.where(out, 0, some), np.where(out, 0, other)):
        return None
    kept = np.count_nonzero(~out, axis=1) >= _FEWEST
    if not np.any(kept):
        return None
    some, other, out, rows = some[kept], other[kept], out[kept], rows[kept]
    difference = np.where(out, np.nan, np.where(out, 0, some) - np.where(out, 0, other))
    middle = np.nanmedian(difference, axis=1)
    steps = np.abs(np.diff(difference, axis=1)) / np.sqrt(2)
    steps[np.all(np.isnan(steps), axis=1)] = np.max(np.nan_to_num(steps), initial=0)
    scatter = np.maximum(np.nanmedian(steps, axis=1), np.nanmedian(steps))
    typical = float(np.median(np.abs(some[~out])))
    allowed = _THRESHOLD * _OF_A_MEDIAN * scatter / np.sqrt(np.count_nonzero(~out, axis=1)) + _FLOOR * typical
    worst = int(np.argmax(np.abs(middle) / np.maximum(allowed, np.finfo(float).tiny)))
    if abs(middle[worst]) <= allowed[worst]:
        return None
    return Asymmetry(int(rows[worst]), float(middle[worst]), float(1.4826 * scatter[worst]))


def _filled(c2: np.ndarray) -> np.ndarray:
    """The pixels with a value: neither NaN nor exactly 0."""
    return (c2 != 0) & ~np.isnan(c2)
