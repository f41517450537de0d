"""The pixels of a two-time map that are excluded, and why."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np

from .errors import WrongShape


@final
@dataclass(frozen=True)
class Excluded:
    """Numbers of pixels of weight 0, over all maps. Each is counted once, by the first cause that applies.

    - `diagonal`: on the diagonal, where a frame is correlated with itself and shot noise adds to the value;
    - `not_finite`: NaN or infinite;
    - `masked`: excluded by the mask;
    - `total`: all pixels, excluded or not.
    """

    diagonal: int
    not_finite: int
    masked: int
    total: int

    @property
    def used(self) -> int:
        """Pixels that are not excluded."""
        return self.total - self.diagonal - self.not_finite - self.masked

    def __str__(self) -> str:
        causes = f"{self.diagonal} on the diagonal, {self.not_finite} not finite, {self.masked} masked"
        return f"{causes} of {self.total} pixels"


def mask_array(mask: Any, shape: tuple[int, ...]) -> np.ndarray | None:
    """`mask` as a boolean array (True = excluded) of shape `(n_t,)`, `(n_t, n_t)` or `(n_sector, n_t, n_t)`.

    **Raises:** `TypeError` unless it holds booleans; `WrongShape`.
    """
    if mask is None:
        return None
    mask = np.asarray(mask)
    if mask.dtype != bool:
        raise TypeError(f"mask has dtype {mask.dtype}; expected booleans, True where a pixel is excluded.")
    if mask.shape not in (shape[1:2], shape[1:], shape):
        expected = f"{shape[1:2]} (frames), {shape[1:]} (one mask for all sectors) or {shape} (one for each sector)"
        raise WrongShape("mask", mask.shape, expected)
    return mask


def mask_of_sector(mask: np.ndarray | None, k: int) -> np.ndarray | bool:
    """The mask of sector `k`, `(n_t, n_t)`, or `False` without a mask."""
    if mask is None:
        return False
    mask = _mask_of_pairs(mask)
    return mask if mask.ndim == 2 else mask[k]


def union_of_masks(first: np.ndarray | None, second: np.ndarray | None) -> np.ndarray | None:
    """The mask of the pixels that at least one of the two masks excludes."""
    if first is None or second is None:
        return second if first is None else first
    if first.ndim == second.ndim:
        return first | second
    return _mask_of_pairs(first) | _mask_of_pairs(second)


def _mask_of_pairs(mask: np.ndarray) -> np.ndarray:
    """A mask of frames as a mask of pairs of frames; other masks as they are."""
    return mask[:, None] | mask[None, :] if mask.ndim == 1 else mask


def excluded_pixels(c2_k: np.ndarray, mask_k: np.ndarray | bool) -> tuple[np.ndarray, np.ndarray]:
    """Where the pixels of one map are excluded, `(n_t, n_t)`, and their numbers `(diagonal, not finite, masked)`."""
    excluded = ~np.isfinite(c2_k)
    np.fill_diagonal(excluded, False)
    not_finite = int(np.count_nonzero(excluded))
    excluded |= mask_k
    np.fill_diagonal(excluded, True)
    diagonal = c2_k.shape[0]
    masked = int(np.count_nonzero(excluded)) - diagonal - not_finite
    return excluded, np.array([diagonal, not_finite, masked])
