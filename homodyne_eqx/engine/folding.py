"""The two pixels (i, j) and (j, i) of a map as one measurement."""

import numpy as np


def counted_pairs(starts: np.ndarray, new: np.ndarray, size: int) -> np.ndarray:
    """The pairs of each tile in order (row after column) that no earlier tile has: (n_tiles, size, size)."""
    i, j = (starts[:, k, None] + np.arange(size) for k in (0, 1))
    fresh = (i >= new[:, :1])[:, :, None] & (j >= new[:, 1:])[:, None, :]
    return fresh & (i[:, :, None] > j[:, None, :])


def folded(
    c2: np.ndarray, excluded: np.ndarray, sigma: np.ndarray | None, part: tuple[slice, slice]
) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
    """A part of a map, folded with the same part of the transposed map.

    **Arguments:** `excluded`: the pixels that do not count; `sigma`: (n_t, n_t), or None if it is one number for all;
    `part`: the rows and columns.

    **Returns:** the mean of the pixels that count, its weight (None if `sigma` is), and where any pixel counts.
    """
    transposed = part[::-1]
    one, other, no_one, no_other = c2[part], c2[transposed].T, excluded[part], excluded[transposed].T
    present = ~(no_one & no_other)
    if sigma is not None:
        w_one, w_other = (
            np.where(out, 0, s.astype(float) ** -2).astype(c2.dtype)
            for out, s in ((no_one, sigma[part]), (no_other, sigma[transposed].T))
        )
        total = np.where(present, w_one + w_other, 1)
        mean = (w_one * np.where(no_one, 0, one) + w_other * np.where(no_other, 0, other)) / total
        return mean, total / np.maximum((w_one > 0).astype(np.int8) + (w_other > 0), 1), present & (total > 0)
    one_only, other_only = no_other & ~no_one, no_one & ~no_other
    with np.errstate(invalid="ignore"):
        mean = (one + other) / 2
    if np.any(one_only) or np.any(other_only):
        mean = np.where(one_only, one, np.where(other_only, other, mean))
    return mean, None, present
