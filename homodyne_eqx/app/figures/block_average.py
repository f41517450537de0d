"""Maps small enough to draw."""

import numpy as np


def block_mean(
    values: np.ndarray, most: int, counts: np.ndarray | None = None, diagonal: np.ndarray | None = None
) -> np.ndarray:
    """Mean over square blocks such that no side is longer than `most`; NaN counts for nothing, all NaN stays NaN.

    The last block of a side holds what is left over. One row of blocks is copied at a time.

    **Arguments:** `counts`: which values count, all unless given; `diagonal`: takes the place of the diagonal, (n,).
    """
    n = values.shape[0]
    size = block_size(n, most)
    means = []
    for first in range(0, n, size):
        rows = np.array(values[first : first + size], float)
        if counts is not None:
            rows[~counts[first : first + size]] = np.nan
        if diagonal is not None:
            own = np.arange(len(rows))
            rows[own, first + own] = diagonal[first + own]
        finite = np.isfinite(rows)
        count = _block_sums(np.count_nonzero(finite, axis=0), size)
        rows[~finite] = 0
        means.append(np.where(count > 0, _block_sums(np.sum(rows, axis=0), size) / np.maximum(count, 1), np.nan))
    return np.array(means)


def _block_sums(values: np.ndarray, size: int) -> np.ndarray:
    return np.add.reduceat(values, np.arange(0, len(values), size), dtype=float)


def block_size(n: int, most: int) -> int:
    """Frames a block side."""
    return -(-n // most)


def block_edges(t: np.ndarray, most: int) -> np.ndarray:
    """Times between which the blocks lie: halfway between their frames."""
    middle = (t[1:] + t[:-1]) / 2
    edges = np.concatenate([[t[0] - (middle[0] - t[0])], middle, [t[-1] + (t[-1] - middle[-1])]])
    size = block_size(len(t), most)
    return np.append(edges[:-1][::size], edges[-1])


def beside_diagonal(c2: np.ndarray, counts: np.ndarray | None = None) -> np.ndarray:
    """The mean of the neighbours of the diagonal, (n,), to take its place, since a frame with itself has shot noise.

    **Arguments:** `counts`: which values count, all unless given; next to one that does not it is NaN.
    """
    beside = np.array(np.diagonal(c2, 1), float)
    if counts is not None:
        beside[~np.diagonal(counts, 1)] = np.nan
    return (np.append(beside, beside[-1]) + np.insert(beside, 0, beside[0])) / 2
