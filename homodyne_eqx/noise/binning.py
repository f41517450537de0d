"""Maps and frames averaged over runs of adjacent frames, so that matrices of frames stay small."""

from typing import final

import numpy as np


@final
class FrameBins:
    """Runs of `width` adjacent frames, of those that carry data; the last run may be shorter.

    - `frames`: the frames that carry data; `n`: the number of runs; `length`: how many frames each has, (n,).

    **Arguments:** `frames`: as above; `n_t`: the number of all frames; `most`: of runs.
    """

    def __init__(self, frames: np.ndarray, n_t: int, most: int):
        self.frames = frames
        self.width = -(-frames.size // most) if frames.size else 1
        self.length = np.diff(np.append(np.arange(0, frames.size, self.width), frames.size))
        self._run = np.full(n_t, -1)
        self._run[frames] = np.arange(frames.size) // self.width

    @property
    def n(self) -> int:
        return self.length.size

    @property
    def pairs(self) -> np.ndarray:
        """How many pairs of frames there are in each pair of runs, (n, n), with or without data."""
        return np.outer(self.length, self.length)

    @property
    def photon_share(self) -> np.ndarray:
        """The factor of the variance of independent noise of the frames, (n,)."""
        return 1 / self.length

    def of_frames(self, values: np.ndarray) -> np.ndarray:
        """The mean over the runs, (n, …), of numbers of the frames (n_t, …)."""
        return self.sums_of_frames(values) / self.length.reshape(-1, *[1] * (values.ndim - 1))

    def sums_of_frames(self, values: np.ndarray) -> np.ndarray:
        """The sum over the runs, (n, …), of numbers of the frames (n_t, …)."""
        return _over_runs(values[self.frames], np.arange(0, self.frames.size, self.width))

    def sums(self, values: np.ndarray, first: int = 0) -> np.ndarray:
        """The sum over the pairs of runs, (n, n), of numbers of pairs of frames: some rows, from frame `first` on, and
        some columns, from frame 0 on."""
        out = np.zeros((self.n, self.n))
        (rows, row_starts), (columns, column_starts) = (
            self._here(at, n) for at, n in zip((first, 0), values.shape, strict=True)
        )
        if rows.size and columns.size:
            there = values if (rows.size, columns.size) == values.shape else values[np.ix_(rows, columns)]
            by_row = _over_runs(there, row_starts)
            runs = np.ix_(self._run[first + rows[row_starts]], self._run[columns[column_starts]])
            out[runs] = _over_runs(by_row.T, column_starts).T
        return out

    def _here(self, first: int, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Which of n frames from `first` on carry data, and at which of these a run begins."""
        run = self._run[first : first + n]
        present = np.flatnonzero(run >= 0)
        return present, np.flatnonzero(np.diff(run[present], prepend=-1))


def _over_runs(values: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Sums over the first axis, from each start to the next."""
    if len(starts) == len(values):
        return values
    return np.add.reduceat(values, starts, axis=0, dtype=np.result_type(values, float))
