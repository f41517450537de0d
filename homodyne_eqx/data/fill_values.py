"""Pixels that hold a number in the place of a missing value, such as 0, −1 or 65535."""

from collections.abc import Sequence

import numpy as np

_PIXELS_LOOKED_AT = 40_000
_FEWEST, _SHARE, _MOST = 8, 1e-3, 0.55
_FEWEST_OTHERS, _MOST_VALUES = 20, 4
_GAP, _TWICE, _BEYOND = 1.5, 2, 100


def fill_values(values: np.ndarray, fewest: int = _FEWEST) -> list[float]:
    """Numbers that many of some values hold exactly, far from all others, in the order in which they are found.

    "Many": `fewest` of them and 0.1 %, and at most 55 %. "Far": by 1.5 times the range of the middle half of all
    others. The zeros of very few photons are not far from the correlations of one photon more. Where the others come
    many times too, as the values of a model without noise do at each lag, only 0, what is below, and what is beyond 100
    and 100 times their median is taken for one.

    **Arguments:** `values`: finite numbers, of any shape.
    """
    found: list[float] = []
    distinct, count = np.unique(np.ravel(values).astype(np.float64), return_counts=True)
    total = int(np.sum(count))
    repeated = bool(_quantile(np.sort(count), np.sort(count), 0.5) > _TWICE) if total else False
    size = float(np.median(np.abs(distinct))) if total else 0.0
    possible = (distinct <= 0) | (distinct > _BEYOND * max(size, 1)) if repeated else np.ones(len(distinct), bool)
    while len(distinct) > _FEWEST_OTHERS and len(found) < _MOST_VALUES:
        steps = np.diff(distinct)
        gap = np.minimum(np.append(np.inf, steps), np.append(steps, np.inf))
        often = np.flatnonzero(possible & (count >= max(fewest, _SHARE * total)) & (count <= _MOST * total))
        far = [k for k in often if gap[k] > _GAP * _middle_half(np.delete(distinct, k), np.delete(count, k))]
        if not far:
            break
        k = max(far, key=lambda each: count[each])
        found.append(float(distinct[k]))
        distinct, count, possible = (np.delete(x, k) for x in (distinct, count, possible))
    return found


def fill_pixels(c2_k: np.ndarray, excluded: np.ndarray) -> tuple[np.ndarray | None, list[float]]:
    """True where a pixel of a map holds a fill value, `(n_t, n_t)`, `None` where none does; and these values.

    **Arguments:** `excluded`: True where a pixel does not count.
    """
    step = max(c2_k.size // _PIXELS_LOOKED_AT, 1)
    looked_at = np.ravel(c2_k)[::step][~np.ravel(excluded)[::step]]
    values = fill_values(looked_at)
    if not values:
        return None, []
    pixels = ~excluded & np.any([c2_k == c2_k.dtype.type(value) for value in values], axis=0)
    return pixels, values


def fill_note(count: int, of: str, values: Sequence[float]) -> str:
    """A note on filled values. **Arguments:** `of`: their name, "pixels"; `values`: the numbers that they hold."""
    listed = " or ".join(f"{value:.6g}".replace("-", "−") for value in dict.fromkeys(values))
    return f"{count} {of} hold exactly {listed}, far from all others: taken as fill values and excluded"


def _middle_half(distinct: np.ndarray, count: np.ndarray) -> float:
    """The range from the first to the third quartile of numbers in order that come so many times."""
    return _quantile(distinct, count, 0.75) - _quantile(distinct, count, 0.25)


def _quantile(distinct: np.ndarray, count: np.ndarray, part: float) -> float:
    """The number below which this part of all lies."""
    below = np.cumsum(count)
    return float(distinct[np.searchsorted(below, part * below[-1])])
