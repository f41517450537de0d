"""Maps and frames averaged over runs of adjacent frames, so that matrices of frames stay small."""

from typing import final

import numpy as np


@final
class FrameBins:
    """Runs of `width` adjacent frames, of those that carry data; the last run may be shorter.

    - `frames`: the frames that carry data; `n`: the number of runs; `length`: how many frames each has, (n,);
    - `counts`: the pairs of frames that carry data, (n, n).

    **Arguments:** `present`: which pairs carry data, (n_t, n_t), symmetric; `most`: of runs.
    """

    def __init__(self, present: np.ndarray, most: int):
        self.frames = np.flatnonzero(np.any(present, axis=1))
        self.width = -(-self.frames.size // most) if self.frames.size else 1
        first = np.arange(0, self.frames.size, self.width)
        self.length = np.diff(np.append(first, self.frames.size))
        self._within = None if self.frames.size == len(present) else np.ix_(self.frames, self.frames)
        self.counts = self._sums(present.astype(float))

    @property
    def n(self) -> int:
        return self.length.size

    def of_map(self, values: np.ndarray) -> np.ndarray:
        """The mean of the pairs that carry data, (n, n), of a map that is 0 at the others."""
        return self._sums(values) / np.maximum(self.counts, 1)

    def of_every_pair(self, values: np.ndarray) -> np.ndarray:
        """The mean of all pairs, (n, n), the diagonal included."""
        return self._sums(values) / np.outer(self.length, self.length)

    def of_frames(self, values: np.ndarray) -> np.ndarray:
        """The mean over the runs, (n, …), of numbers of the frames (n_t, …)."""
        return self._by_run(values[self.frames]) / self.length.reshape(-1, *[1] * (values.ndim - 1))

    @property
    def photon_share(self) -> np.ndarray:
        """The factor of the variance of independent noise of the frames, (n,)."""
        return 1 / self.length

    def _sums(self, values: np.ndarray) -> np.ndarray:
        among = values if self._within is None else values[self._within]
        return self._by_run(self._by_run(among).T).T

    def _by_run(self, values: np.ndarray) -> np.ndarray:
        """Sums over the runs, of the first axis."""
        if self.width == 1:
            return values
        whole = self.frames.size // self.width
        cut = whole * self.width
        sums = np.sum(values[:cut].reshape(whole, self.width, *values.shape[1:]), axis=1)
        return sums if cut == len(values) else np.concatenate([sums, np.sum(values[cut:], axis=0, keepdims=True)])
