"""Which pixels of a two-time map do not count, and why."""

from dataclasses import dataclass
from typing import Any, final

import numpy as np


@final
@dataclass(frozen=True)
class Excluded:
    """Pixels that carry weight 0, counted once each, by the first cause that applies, over all maps.

    - `diagonal`: the correlation of a frame with itself, which holds shot noise;
    - `not_finite`: NaN or infinite;
    - `masked`: excluded by the mask;
    - `total`: all pixels, those that count included.
    """

    diagonal: int
    not_finite: int
    masked: int
    total: int

    @property
    def used(self) -> int:
        """Pixels that count."""
        return self.total - self.diagonal - self.not_finite - self.masked

    def __str__(self) -> str:
        causes = f"{self.diagonal} on the diagonal, {self.not_finite} not finite, {self.masked} masked"
        return f"{causes} of {self.total} pixels"


def checked_mask(mask: Any, shape: tuple[int, ...]) -> np.ndarray | None:
    """`mask` as a boolean array (True = excluded) of shape `(n_t,)`, `(n_t, n_t)` or `(n_sector, n_t, n_t)`."""
    if mask is None:
        return None
    mask = np.asarray(mask)
    if mask.dtype != bool:
        raise TypeError(f"mask has dtype {mask.dtype}; expected booleans, True where a pixel is excluded.")
    if mask.shape not in (shape[1:2], shape[1:], shape):
        raise ValueError(
            f"mask has shape {mask.shape}; expected {shape[1:2]} (frames), {shape[1:]} (one map for all sectors) "
            f"or {shape} (one a sector)."
        )
    return mask


def map_mask(mask: np.ndarray | None, k: int) -> np.ndarray | bool:
    """The part of `mask` that applies to sector `k`, broadcastable to `(n_t, n_t)`."""
    if mask is None:
        return False
    mask = _pairs(mask)
    return mask if mask.ndim == 2 else mask[k]


def joined_masks(first: np.ndarray | None, second: np.ndarray | None) -> np.ndarray | None:
    """The mask that excludes what either excludes."""
    if first is None or second is None:
        return second if first is None else first
    if first.ndim == second.ndim:
        return first | second
    return _pairs(first) | _pairs(second)


def _pairs(mask: np.ndarray) -> np.ndarray:
    """A mask of frames as one of pairs of frames."""
    return mask[:, None] | mask[None, :] if mask.ndim == 1 else mask


def excluded_pixels(c2_k: np.ndarray, mask_k: np.ndarray | bool) -> tuple[np.ndarray, np.ndarray]:
    """Pixels of one map that do not count, and the `(diagonal, not finite, masked)` numbers of them."""
    bad = ~np.isfinite(c2_k)
    np.fill_diagonal(bad, False)
    not_finite = int(np.count_nonzero(bad))
    bad |= mask_k
    np.fill_diagonal(bad, True)
    diagonal = c2_k.shape[0]
    masked = int(np.count_nonzero(bad)) - diagonal - not_finite
    return bad, np.array([diagonal, not_finite, masked])
