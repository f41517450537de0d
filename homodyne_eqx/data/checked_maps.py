"""Given maps, brought to the form on which all else relies: whole, symmetric, and without dead frames."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..physics.geometry import Geometry
from .doubtful_maps import rows_look_reversed
from .errors import AsymmetricMap, HalfOfALazyMap, WrongShape
from .exclusion import excluded_pixels, mask_of_sector
from .fill_values import fill_note, fill_pixels
from .flat_frames import flat_frames, listed_frames
from .halves import asymmetry, completed, empty_half


def without_mask(c2: Any) -> tuple[Any, np.ndarray | None]:
    """The values of a masked array of NumPy and its mask, `None` for what has none; anything else as it is."""
    if not isinstance(c2, np.ma.MaskedArray):
        return c2, None
    masked = np.ma.getmaskarray(c2)
    return np.ma.getdata(c2), masked if np.any(masked) else None


def with_whole_maps(c2: np.ndarray) -> tuple[np.ndarray, tuple[str | None, ...], tuple[str, ...]]:
    """Maps in memory with halves that are exactly 0 or NaN filled by the transpose of the other, in a copy.

    **Returns:** the maps; for each which half was filled, "lower", "upper" or `None`; notes on it.
    """
    halves = tuple(empty_half(c2_k) for c2_k in c2)
    if not any(halves):
        return c2, halves, ()
    whole = np.empty_like(c2)
    for k, half in enumerate(halves):
        whole[k] = completed(c2[k], half)
    whole.flags.writeable = False
    return whole, halves, (_on_halves(halves),)


def whole_mask(mask: np.ndarray | None, halves: Sequence[str | None]) -> np.ndarray | None:
    """A mask in which a pixel of a map that was filled is masked if that pixel or its mirror image is."""
    if mask is None or mask.ndim == 1 or not any(halves):
        return mask
    mirrored = mask | np.swapaxes(mask, -1, -2)
    filled = np.array([half is not None for half in halves])
    if np.all(filled) or np.array_equal(mirrored, mask):
        return mirrored
    return np.where(filled[:, None, None], mirrored, mask)


def whole_sigma(sigma: np.ndarray, halves: Sequence[str | None]) -> np.ndarray:
    """The noise of filled pixels is that of the pixels that they were filled from."""
    if sigma.ndim == 1 or not any(halves):
        return sigma
    return np.stack([completed(sigma_k, half) for sigma_k, half in zip(sigma, halves, strict=True)])


def dead_frames(
    c2: np.ndarray, masks: Sequence[np.ndarray | None], first_frame: int
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """A mask of the frames whose row holds one value, and notes on them.

    **Arguments:** `c2`: whole maps; `masks`: as of `TwoTimeData`, each or `None`; `first_frame`: number of the first
    frame, for notes.

    **Returns:** `(n_t,)` or `(n_sector, n_t, n_t)`, `None` where no frame is dead; the notes.

    **Raises:** `AsymmetricMap`.
    """
    dead = np.zeros((len(c2), c2.shape[1]), bool)
    for k, c2_k in enumerate(c2):
        dead[k] = _checked(c2_k, [mask_of_sector(mask, k) for mask in masks], k)
    if not np.any(dead):
        return None, ()
    same = np.all(dead == dead[0])
    return dead[0] if same else dead[:, :, None] | dead[:, None, :], tuple(_on_frames(dead, first_frame))


def filled_pixels(c2: np.ndarray, masks: Sequence[np.ndarray | None]) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """A mask of the pixels that hold a fill value, `(n_sector, n_t, n_t)`, `None` where there is none, and a note.

    **Arguments:** as of `dead_frames`, whose frames count as masked.
    """
    found, values = {}, []
    for k, c2_k in enumerate(c2):
        excluded, _ = excluded_pixels(c2_k, *(mask_of_sector(mask, k) for mask in masks))
        pixels, of_sector = fill_pixels(c2_k, excluded)
        if pixels is not None:
            found[k] = pixels
            values += of_sector
    if not found:
        return None, ()
    mask = np.zeros(c2.shape, bool)
    for k, pixels in found.items():
        mask[k] = pixels
    listed = ", ".join(map(str, list(found)[:12])) + (" …" if len(found) > 12 else "")
    return mask, (fill_note(int(np.count_nonzero(mask)), f"pixels (sectors {listed})", values),)


def dead_frames_of_lazy_map(c2_k: np.ndarray, masks: Sequence[np.ndarray | bool], k: int) -> np.ndarray:
    """True at the dead frames of a map that a lazy stack has given, `(n_t,)`.

    **Raises:** `HalfOfALazyMap`, `AsymmetricMap`.
    """
    half = empty_half(c2_k)
    if half is not None:
        raise HalfOfALazyMap(k, half)
    return _checked(c2_k, masks, k)


def union_with_frames(mask: np.ndarray | bool, frames: np.ndarray) -> np.ndarray | bool:
    """The mask of a sector `(n_t, n_t)`, or `False`, with these frames `(n_t,)` in addition."""
    return mask | frames[:, None] | frames[None, :] if np.any(frames) else mask


def _checked(c2_k: np.ndarray, masks: Sequence[np.ndarray | bool], k: int) -> np.ndarray:
    excluded, _ = excluded_pixels(c2_k, *masks)
    found = asymmetry(c2_k, excluded)
    if found is not None:
        raise AsymmetricMap(k, found.row, found.difference, found.noise, rows_look_reversed(c2_k))
    return flat_frames(c2_k, excluded)


def _on_halves(halves: Sequence[str | None]) -> str:
    said = []
    for half in ("lower", "upper"):
        sectors = [k for k, other in enumerate(halves) if other == half]
        if sectors:
            of = (
                "every map"
                if len(sectors) == len(halves)
                else f"the maps of sectors {', '.join(map(str, sectors[:12]))}"
            )
            said.append(f"the {half} half of {of} was 0 or NaN and is filled by the transpose of the other")
    return "; ".join(said)


def _on_frames(dead: np.ndarray, first_frame: int) -> list[str]:
    """A note for all sectors together where they agree, else for each."""
    n_t = dead.shape[1]
    shifted = np.zeros((len(dead), first_frame + n_t), bool)
    shifted[:, first_frame:] = dead
    what = "excluded: one value in the whole row"
    if np.all(dead == dead[0]):
        return [f"{np.count_nonzero(dead[0])} frames {what} (frame {listed_frames(shifted[0])})"]
    return [
        f"{np.count_nonzero(dead[k])} frames of sector {k} {what} (frame {listed_frames(shifted[k])})"
        for k in np.flatnonzero(np.any(dead, axis=1))
    ]


def check_geometry(geometry: Geometry, shape: tuple[int, ...]) -> None:
    """**Raises:** `TypeError` or `WrongShape` for a geometry that is not that of maps of this shape."""
    if not isinstance(geometry, Geometry):
        raise TypeError(f"geometry is a {type(geometry).__name__}; expected Geometry(q=..., t=..., phi=..., gap=...).")
    if geometry.n_sector != shape[0]:
        expected = f"{geometry.n_sector} maps, one for each sector of the geometry (the longest of q, phi and gap)"
        raise WrongShape("c2", shape, f"{expected}: give q or phi one value for each map, in the order of the maps")
    if geometry.n_t != shape[1]:
        expected = f"{geometry.n_t} frames, one for each time t of the geometry"
        raise WrongShape("c2", shape, f"{expected}: give t one value for each frame of c2")
