"""The pixels of a two-time map that are excluded, and why."""

import operator
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from .errors import NotASelection, WrongShape
from .flat_frames import listed_frames
from .provenance import Provenance

LARGEST = 1e15
"""A pixel beyond this is no measurement: it counts as one that is not finite."""


@final
@dataclass(frozen=True)
class Excluded:
    """Numbers of pixels of weight 0, over all maps. Each is counted once, by the first cause that applies.

    - `diagonal`: on the diagonal, where a frame is correlated with itself and shot noise adds to the value;
    - `not_finite`: NaN, infinite or beyond 1e15;
    - `masked`: excluded by the mask;
    - `total`: all pixels, excluded or not;
    - `bad_frames`, `outliers`: excluded by `data.excluding(frames=…, outliers=…)`.
    """

    diagonal: int
    not_finite: int
    masked: int
    total: int
    bad_frames: int = 0
    outliers: int = 0

    @property
    def used(self) -> int:
        """Pixels that are not excluded."""
        return self.total - self.diagonal - self.not_finite - self.masked - self.bad_frames - self.outliers

    def __str__(self) -> str:
        causes = [f"{self.diagonal} on the diagonal", f"{self.not_finite} not finite", f"{self.masked} masked"]
        causes += [f"{self.bad_frames} in bad frames"] if self.bad_frames else []
        causes += [f"{self.outliers} outliers"] if self.outliers else []
        return f"{', '.join(causes)} of {self.total} pixels"


def mask_array(mask: Any, shape: tuple[int, ...], name: str = "mask") -> np.ndarray | None:
    """`mask` as a boolean array (True = excluded) of shape `(n_t,)`, `(n_t, n_t)` or `(n_sector, n_t, n_t)`.

    **Arguments:** `mask`: such an array, or a list of the numbers of excluded frames; `name`: what messages call it.

    **Raises:** `TypeError` unless it holds booleans or frame numbers; `NotASelection` for numbers that are no frames or
    come twice; `WrongShape`.
    """
    if mask is None:
        return None
    mask = np.ma.filled(np.ma.asarray(mask), True) if isinstance(mask, np.ma.MaskedArray) else np.asarray(mask)
    if mask.ndim == 1 and mask.dtype.kind in "iu":
        if len(set(mask.tolist())) < mask.size:
            expected = "booleans, True where excluded, or frame numbers, each once. Pass mask.astype(bool) for 0 and 1"
            raise NotASelection(name, mask.tolist() if mask.size <= 12 else f"{mask.size} whole numbers", expected)
        return mask_of_frames(mask.tolist(), shape[1], name)
    if mask.dtype != bool:
        raise TypeError(
            f"{name} has dtype {mask.dtype}; expected booleans, True where a pixel is excluded, or a list of frame "
            "numbers."
        )
    if mask.shape not in (shape[1:2], shape[1:], shape):
        expected = f"{shape[1:2]} (frames), {shape[1:]} (one mask for all sectors) or {shape} (one for each sector)"
        if mask.shape == shape[:1]:
            expected += ". Sectors are left out by a selection of the others: sectors=[…]"
        elif mask.shape == shape[:2]:
            expected += f". Frames of each sector are {name}[:, :, None] | {name}[:, None, :]"
        raise WrongShape(name, mask.shape, expected)
    return mask


def mask_of_frames(frames: Any, n_t: int, name: str = "frames") -> np.ndarray:
    """True at the frames of these numbers, from 0, `(n_t,)`; at the frames where an array of booleans is True.

    **Arguments:** `name`: what messages call them.

    **Raises:** `NotASelection` for what are no whole numbers from 0 to n_t − 1; `WrongShape`.
    """
    if np.asarray(frames).dtype == bool and np.size(frames):
        mask = np.asarray(frames)
        if mask.shape != (n_t,):
            raise WrongShape(name, mask.shape, f"{(n_t,)}, one boolean for each frame, or a list of frame numbers")
        return mask.copy()
    expected = f"a list of frame numbers, whole numbers from 0 to {n_t - 1}"
    if isinstance(frames, str):
        raise NotASelection(name, repr(frames), expected)
    try:
        numbers = [operator.index(frame) for frame in frames]
    except TypeError as error:
        raise NotASelection(name, frames, expected) from error
    outside = [frame for frame in numbers if not 0 <= frame < n_t]
    if outside:
        raise NotASelection(name, f"{outside[0]}, which the data do not have", expected)
    mask = np.zeros(n_t, bool)
    mask[numbers] = True
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


def exclusion_steps(frames: np.ndarray | None, outliers: np.ndarray | None, source: Provenance) -> tuple[str, ...]:
    """The frames `(n_t,)` and outliers that these masks exclude, in words, for the provenance."""
    said = []
    if frames is not None and np.any(frames):
        at = np.repeat(frames, source.frames_each)
        numbered = np.concatenate([np.zeros(source.first_frame, bool), at])
        said.append(f"bad frames excluded: {listed_frames(numbered)}")
    if outliers is not None and np.any(outliers):
        said.append(f"outliers excluded{f': {np.count_nonzero(outliers)} pixels' if outliers.ndim == 3 else ''}")
    return tuple(said)


def excluded_pixels(c2_k: np.ndarray, *masks: np.ndarray | bool) -> tuple[np.ndarray, np.ndarray]:
    """The excluded pixels of one map, `(n_t, n_t)`, and the number for each cause.

    **Returns:** the counts are those on the diagonal, those not finite, and those of each mask in turn; a pixel counts
    for the first cause that applies.
    """
    excluded = ~((c2_k <= LARGEST) & (c2_k >= -LARGEST))
    np.fill_diagonal(excluded, True)
    counts = [c2_k.shape[0], int(np.count_nonzero(excluded)) - c2_k.shape[0]]
    for mask_k in masks:
        before = sum(counts)
        if mask_k is not False:
            excluded |= mask_k
        counts.append(int(np.count_nonzero(excluded)) - before)
    return excluded, np.array(counts)
