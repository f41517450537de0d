"""Reader of the NPZ cache, version 2, which homodyne and xpcsjax write."""

import json
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import InvalidFile, LostTimeOrigin, WrongFirstFrame
from .npy_arrays import npz_names, read_npz, starts_as_zip
from .reader_options import FIRST_FRAME
from .recording import Reader, Recording

_REQUIRED = ("c2_exp", "t1", "t2", "wavevector_q_list", "phi_angles_list")
_METADATA = "cache_metadata_json"
_KINDS = {"fiub": "real numbers", "US": "text"}
_SPACING_TOLERANCE = 1e-4
_OLDER = (
    "A cache of an older version holds pickled objects and is not read because unpickling may run code. Delete it and "
    "have it written again by the current version."
)


def missing(path: Path) -> tuple[str, ...]:
    """Required arrays that the file lacks."""
    names = npz_names(path)
    if names is None:
        return ("a readable ZIP directory" if starts_as_zip(path) else "the ZIP signature of an .npz file",)
    return tuple(name for name in _REQUIRED if name not in names)


def read(path: Path, *, first_frame: int | None = None) -> Recording:
    """Content of a version-2 cache, all in memory.

    The times of a cache start at 0 for any first frame; `start_frame` in its metadata is the number of that
    frame, counted from 1. The times are moved back to the origin, `t = (start_frame − 1)·dt + t1`, with a note.

    **Arguments:** `first_frame`: detector frame, counted from 0, at which the maps start, instead of the one in the
    cache.

    **Raises:** `InvalidFile` for older caches (pickled objects, 2-D times) and for contents that contradict each
    other; `WrongFirstFrame`, `LostTimeOrigin`.
    """
    names = npz_names(path) or set()
    if "cache_metadata" in names:
        raise InvalidFile(str(path), f"it keeps its metadata as a pickled object. {_OLDER}")
    c2, t, t2, q, phi = (_array(path, name) for name in _REQUIRED)
    if c2.dtype.kind != "f":
        raise InvalidFile(
            str(path), f"c2_exp holds {c2.dtype}: a correlation is no whole number. Have the cache written again."
        )
    text = str(_array(path, _METADATA, "US")[()]) if _METADATA in names else "{}"
    if t.ndim != 1 or t.shape != t2.shape or not np.array_equal(t, t2):
        raise InvalidFile(
            str(path),
            f"t1 has shape {t.shape}, t2 {t2.shape}; expected the same 1-D frame times twice. Older caches hold 2-D "
            "times: delete it and have it written again by the current version.",
        )
    if c2.ndim != 3 or c2.shape[1:] != (t.size, t.size):
        reason = f"c2_exp has shape {c2.shape}; expected (n_phi, {t.size}, {t.size}), as t1 has {t.size} times."
        raise InvalidFile(str(path), f"{reason} Have the cache written again.")
    if np.size(q) not in (1, len(c2)) or np.size(phi) != len(c2):
        raise InvalidFile(
            str(path),
            f"{np.size(q)} q and {np.size(phi)} phi for {len(c2)} maps; expected one phi for each map, and one q for "
            "each map or one for all. Have the cache written again.",
        )
    t = t.astype(np.float64)
    spacing = np.diff(t)
    if not np.all(np.isfinite(t)) or np.any(spacing <= 0):
        raise InvalidFile(str(path), "its times t1 do not increase. Have the cache written again.")
    uniform = spacing.size > 0 and np.ptp(spacing) <= _SPACING_TOLERANCE * np.median(spacing)
    dt = float((t[-1] - t[0]) / spacing.size) if uniform else None
    t, notes = _from_origin(path, t, dt, first_frame, _metadata(path, text))
    q = np.broadcast_to(np.ravel(q).astype(np.float64), len(c2))
    return Recording(c2, q, np.ravel(phi).astype(np.float64), t, dt, notes=notes)


def _array(path: Path, name: str, kinds: str = "fiub") -> np.ndarray:
    """An array of the cache, of one of these kinds of dtype."""
    try:
        array = read_npz(path, name)
    except ValueError as error:
        raise InvalidFile(str(path), f"{error} {_OLDER}") from error
    if array.dtype.kind not in kinds:
        raise InvalidFile(
            str(path), f"{name} holds {array.dtype}; expected {_KINDS[kinds]}. Have the cache written again."
        )
    return array


def _metadata(path: Path, text: str) -> dict[str, Any]:
    try:
        metadata = json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise InvalidFile(
            str(path), f"cache_metadata_json is not JSON ({error}). Have the cache written again."
        ) from error
    if not isinstance(metadata, dict):
        raise InvalidFile(
            str(path), f"cache_metadata_json is {text!r}; expected a JSON object. Have the cache written again."
        )
    return metadata


def _from_origin(
    path: Path, t: np.ndarray, dt: float | None, first_frame: int | None, metadata: dict
) -> tuple[np.ndarray, tuple[str, ...]]:
    if first_frame is None:
        start = metadata.get("start_frame", 1)
        if not isinstance(start, int | float) or start != start // 1:
            raise InvalidFile(
                str(path),
                f"start_frame of its metadata is {str(start)[:60]}; expected a frame number from 1. Correct it.",
            )
        first_frame = int(start) - 1
    if first_frame < 0:
        raise WrongFirstFrame(str(path), first_frame)
    if first_frame == 0 or t[0] != 0:
        return t, ()
    if dt is None:
        raise LostTimeOrigin(str(path), first_frame)
    return t + first_frame * dt, (f"times of the cache start at 0; moved to its first frame, {first_frame} · dt",)


READER = Reader("npz-cache", "NPZ cache of homodyne and xpcsjax, version 2", missing, read, (FIRST_FRAME,))
