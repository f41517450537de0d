"""Which of several repeated measurements differs from the others by more than the noise."""

from collections.abc import Iterator
from itertools import combinations
from typing import final

import numpy as np

_DEVIATIONS = 4.5
_LEAST_RATIO = 1.15
_MOST_FRAMES = 250


@final
class RepeatDistances:
    """Mean square distances between repeats, in units of their sigma, summed sector by sector.

    Noise that neighbouring pixels share makes such a mean scatter as if there were fewer pixels. How many follows from
    the difference E of two repeats itself: with noise of the covariance K ⊗ K they are as many as ½ (tr K)⁴/(tr K²)²,
    and (tr K)²/tr K² ≈ 2 ‖E‖⁴/‖EEᵀ‖². Of large maps every n-th frame is taken for this, which rather gives too few.
    """

    def __init__(self, n_repeats: int):
        self.n_repeats = n_repeats
        self._squares, self._count, self._variance = np.zeros((3, n_repeats, n_repeats))

    def add(self, values: np.ndarray, weights: np.ndarray) -> None:
        """One sector of every repeat, symmetric, weight 0 where a pixel does not count, `(n_repeats, n_t, n_t)`."""
        stride = -(-values.shape[1] // _MOST_FRAMES)
        for r, s in combinations(range(self.n_repeats), 2):
            present = (weights[r] > 0) & (weights[s] > 0)
            n = np.count_nonzero(present)
            if not n:
                continue
            noise = np.where(present, 1 / np.where(present, weights[r], 1) + 1 / np.where(present, weights[s], 1), 1)
            off = np.where(present, (values[r] - values[s]) / np.sqrt(noise), 0)
            some = off[::stride, ::stride]
            rank = 2 * np.sum(some**2) ** 2 / max(float(np.sum((some @ some.T) ** 2)), 1e-300)
            squares = float(np.sum(off**2))
            for pair in ((r, s), (s, r)):
                self._squares[pair] += squares
                self._count[pair] += n
                self._variance[pair] += 2 * squares**2 / max(rank**2 / 2, 1)

    @property
    def distances(self) -> np.ndarray:
        """Mean square distance of each pair, 1 for noise of the size of sigma, `(n_repeats, n_repeats)`."""
        return self._squares / np.maximum(self._count, 1)

    @property
    def relative_errors(self) -> np.ndarray:
        """By what part a distance scatters by chance, `(n_repeats, n_repeats)`."""
        return np.sqrt(self._variance) / np.maximum(self._squares, 1e-300)


def odd_repeats(found: RepeatDistances) -> Iterator[tuple[int, str]]:
    """The repeats that are farther from the others than these are from each other, with what to say of them."""
    distances, errors = found.distances, found.relative_errors
    pairs = list(combinations(range(found.n_repeats), 2))
    for r in range(found.n_repeats):
        own = [distances[pair] for pair in pairs if r in pair]
        others = [pair for pair in pairs if r not in pair]
        beside = float(np.median([distances[pair] for pair in others]))
        if beside <= 0:
            continue
        ratio = float(np.median(own)) / beside
        error = float(np.median([errors[pair] for pair in others]))
        if ratio > _LEAST_RATIO and np.log(ratio) > _DEVIATIONS * np.sqrt(2) * error:
            said = f"its mean square distance from them is {ratio:.2g} times theirs from each other"
            yield (
                r,
                f"differs from the others by more than the noise: {said}. Leave it out if it measured another thing",
            )
