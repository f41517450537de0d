"""Repeated measurements that differ from the others by more than the noise."""

from collections.abc import Iterator
from itertools import combinations
from typing import final

import numpy as np

_DEVIATIONS = 4.5
_LEAST_RATIO = 1.15
_BY_CHANCE = 1e-5
_MOST_FRAMES = 250


@final
class RepeatDistances:
    """The distances between repeats, pair by pair, summed sector by sector: the mean square difference over the whole
    map, and the difference at short lags, where c2 is above half of its decay.

    Noise that neighbouring pixels share makes such means scatter as if there were fewer pixels. How many follows from
    the difference E of two repeats itself: with noise of the covariance K ⊗ K the frames count as n = (tr K)²/tr K²
    independent ones, n ≈ 2 ‖E‖⁴/‖EEᵀ‖², and the pixels as n²/2. Of large maps every n-th frame is taken for this, which
    rather gives too few.
    """

    def __init__(self, n_repeats: int):
        self.n_repeats, self.n_sector = n_repeats, 0
        self._squares, self._count, self._variance, self._shift, self._free = np.zeros((5, n_repeats, n_repeats))

    def add(self, values: np.ndarray, weights: np.ndarray) -> None:
        """One sector of every repeat, symmetric, weight 0 where a pixel does not count, `(n_repeats, n_t, n_t)`."""
        stride = -(-values.shape[1] // _MOST_FRAMES)
        longest = _half_decayed(values, weights)
        self.n_sector += 1
        for r, s in combinations(range(self.n_repeats), 2):
            present = (weights[r] > 0) & (weights[s] > 0)
            n = np.count_nonzero(present)
            if not n:
                continue
            noise = np.where(present, 1 / np.where(present, weights[r], 1) + 1 / np.where(present, weights[s], 1), 1)
            off = np.where(present, (values[r] - values[s]) / np.sqrt(noise), 0)
            some = off[::stride, ::stride]
            frames = 2 * np.sum(some**2) ** 2 / max(float(np.sum((some @ some.T) ** 2)), 1e-300)
            squares = float(np.sum(off**2))
            near = _along_diagonal(off, present, longest)
            free = frames - 1
            for pair in ((r, s), (s, r)):
                self._squares[pair] += squares
                self._count[pair] += n
                self._variance[pair] += 2 * squares**2 / max(frames**2 / 2, 1)
                if free > 0 and len(near) > 2 and np.var(near) > 0:
                    self._shift[pair] += np.mean(near) ** 2 * free / np.var(near)
                    self._free[pair] += free

    @property
    def distances(self) -> np.ndarray:
        """Mean square distance of each pair, 1 for noise of the size of sigma, `(n_repeats, n_repeats)`."""
        return self._squares / np.maximum(self._count, 1)

    @property
    def relative_errors(self) -> np.ndarray:
        """The relative scatter of each distance by chance, `(n_repeats, n_repeats)`."""
        return np.sqrt(self._variance) / np.maximum(self._squares, 1e-300)

    @property
    def shifts(self) -> np.ndarray:
        """The squared difference at short lags, in units of the value that it exceeds by chance once in 100 000 times
        (F test), `(n_repeats, n_repeats)`."""
        from scipy.special import fdtri

        limit = fdtri(self.n_sector, np.maximum(self._free, 0.5), 1 - _BY_CHANCE)
        return np.where(self._free > 0, self._shift / self.n_sector / limit, 0)


def odd_repeats(found: RepeatDistances) -> Iterator[tuple[int, str]]:
    """The repeats that are farther from the others than these are from each other, with a sentence on each."""
    distances, errors, shifts = found.distances, found.relative_errors, found.shifts
    pairs = list(combinations(range(found.n_repeats), 2))
    for r in range(found.n_repeats):
        own, others = [p for p in pairs if r in p], [p for p in pairs if r not in p]
        beside = max(_median(distances, others), 1e-300)
        ratio = _median(distances, own) / beside
        shifted = _median(shifts, own) > 1 and _median(shifts, others) < 1
        beyond_noise = np.log(max(ratio, 1.0)) > _DEVIATIONS * np.sqrt(2) * _median(errors, others)
        apart = ratio > _LEAST_RATIO and beyond_noise
        if apart or shifted:
            said = f"its mean square distance from them is {ratio:.2g} times theirs from each other"
            said = "c2 at short lags is another" if shifted and not apart else said
            yield (
                r,
                f"differs from the others by more than the noise: {said}. Leave it out if it measured another thing",
            )


def _median(of_pairs: np.ndarray, pairs: list[tuple[int, int]]) -> float:
    return float(np.median([of_pairs[pair] for pair in pairs]))


def _half_decayed(values: np.ndarray, weights: np.ndarray) -> int:
    """The lag, in frames, up to which the mean of all repeats is above half of its decay, at least 1."""
    n = values.shape[1]
    total = np.sum(weights, axis=0)
    mean = np.where(total > 0, np.sum(weights * values, axis=0) / np.where(total > 0, total, 1), np.nan)
    curve = [np.diagonal(mean, lag) for lag in range(1, n)]
    curve = np.array([np.mean(x[np.isfinite(x)]) if np.any(np.isfinite(x)) else np.nan for x in curve])
    far = np.nanmean(curve[2 * n // 3 :]) if np.any(np.isfinite(curve[2 * n // 3 :])) else np.nan
    below = np.flatnonzero(curve < (curve[0] + far) / 2)
    return int(np.clip(below[0] if below.size else 1, 1, n // 3))


def _along_diagonal(off: np.ndarray, present: np.ndarray, longest: int) -> np.ndarray:
    """The mean over the lags 1 to `longest` of each frame that has one, over the frames."""
    n = len(off)
    lag = np.subtract.outer(np.arange(n), np.arange(n))
    band = present & (lag >= 1) & (lag <= longest)
    count = np.count_nonzero(band, axis=1)
    return np.sum(np.where(band, off, 0), axis=1)[count > 0] / count[count > 0]
