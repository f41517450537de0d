"""Maps and frames averaged over runs of adjacent frames, so that matrices of frames stay small."""

from typing import final

import numpy as np


@final
class FrameBins:
    """Runs of `width` adjacent frames, of those that carry data; the last run may be shorter.

    - `frames`: the frames that carry data; `n`: the number of runs.

    **Arguments:** `present`: which pairs carry data, (n_t, n_t), symmetric; `most`: of runs.
    """

    def __init__(self, present: np.ndarray, most: int):
        self.frames = np.flatnonzero(np.any(present, axis=1))
        self.width = -(-self.frames.size // most) if self.frames.size else 1
        self._first = np.arange(0, self.frames.size, self.width)
        self._length = np.diff(np.append(self._first, self.frames.size))
        self._within = np.ix_(self.frames, self.frames)
        self._counts = np.maximum(self._sums(present[self._within].astype(float)), 1)

    @property
    def n(self) -> int:
        return self._first.size

    def of_map(self, values: np.ndarray) -> np.ndarray:
        """The mean of the pairs that carry data, (n, n), of a map that is 0 at the others."""
        return self._sums(values[self._within]) / self._counts

    def of_every_pair(self, values: np.ndarray) -> np.ndarray:
        """The mean of all pairs, (n, n), the diagonal included."""
        return self._sums(values[self._within]) / np.outer(self._length, self._length)

    def of_frames(self, values: np.ndarray) -> np.ndarray:
        """The mean over the runs, (n, …), of numbers of the frames (n_t, …)."""
        sums = np.add.reduceat(values[self.frames], self._first, axis=0)
        return sums / self._length.reshape(-1, *[1] * (values.ndim - 1))

    @property
    def photon_share(self) -> np.ndarray:
        """By what the variance of independent noise of the frames is multiplied, (n,)."""
        return 1 / self._length

    def _sums(self, values: np.ndarray) -> np.ndarray:
        return np.add.reduceat(np.add.reduceat(values, self._first, axis=0), self._first, axis=1)
