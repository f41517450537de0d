"""Maps small enough to draw."""

import numpy as np


def block_mean(values: np.ndarray, most: int) -> np.ndarray:
    """Mean over square blocks such that no side is longer than `most`; NaN counts for nothing, all NaN stays NaN.

    The last block of a side holds what is left over.
    """
    n = values.shape[0]
    size = block_size(n, most)
    if size == 1:
        return np.asarray(values, float)
    finite = np.isfinite(values)
    sums, counts = _block_sums(np.where(finite, values, 0), size), _block_sums(finite.astype(float), size)
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)


def _block_sums(values: np.ndarray, size: int) -> np.ndarray:
    """Sums over square blocks, `(n_blocks, n_blocks)`."""
    for _ in range(2):
        sums = np.zeros((-(-values.shape[0] // size), values.shape[1]))
        for first in range(size):
            rows = values[first::size]
            sums[: len(rows)] += rows
        values = sums.T
    return values


def block_size(n: int, most: int) -> int:
    """Frames a block side."""
    return -(-n // most)


def block_edges(t: np.ndarray, most: int) -> np.ndarray:
    """Times between which the blocks lie: halfway between their frames."""
    middle = (t[1:] + t[:-1]) / 2
    edges = np.concatenate([[t[0] - (middle[0] - t[0])], middle, [t[-1] + (t[-1] - middle[-1])]])
    size = block_size(len(t), most)
    return np.append(edges[:-1][::size], edges[-1])


def without_diagonal(c2: np.ndarray) -> np.ndarray:
    """The map with the diagonal, which holds shot noise, replaced by the mean of its neighbours."""
    filled = np.array(c2, float)
    beside = np.diagonal(filled, 1)
    k = np.arange(len(filled))
    filled[k, k] = (np.append(beside, beside[-1]) + np.insert(beside, 0, beside[0])) / 2
    return filled
