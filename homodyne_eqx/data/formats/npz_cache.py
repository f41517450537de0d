"""Reader of the NPZ cache, version 2, which homodyne and xpcsjax write."""

import json
import zipfile
from pathlib import Path

import numpy as np

from ..errors import InvalidFile, LostTimeOrigin, WrongFirstFrame
from .reader_options import FIRST_FRAME
from .recording import Reader, Recording

_REQUIRED = ("c2_exp", "t1", "t2", "wavevector_q_list", "phi_angles_list")
_SPACING_TOLERANCE = 1e-4


def missing(path: Path) -> tuple[str, ...]:
    """Required arrays that the file lacks."""
    if not zipfile.is_zipfile(path):
        return ("the ZIP signature of an .npz file",)
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
    return tuple(name for name in _REQUIRED if f"{name}.npy" not in names)


def read(path: Path, *, first_frame: int | None = None) -> Recording:
    """Content of a version-2 cache, all in memory.

    The times of a cache start at 0, whatever its first frame is; `start_frame` in its metadata is the number of that
    frame, counted from 1. The times are moved back to the origin, `t = (start_frame − 1)·dt + t1`, with a note.

    **Arguments:** `first_frame`: detector frame, counted from 0, at which the maps start, instead of the one in the
    cache.

    **Raises:** `InvalidFile` for older caches (pickled objects, 2-D times) and for contents that contradict each
    other; `WrongFirstFrame`, `LostTimeOrigin`.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            if "cache_metadata" in file.files:
                raise ValueError("it keeps its metadata as a pickled object")
            c2, t, t2, q, phi = (file[name] for name in _REQUIRED)
            text = str(file["cache_metadata_json"][()]) if "cache_metadata_json" in file.files else "{}"
    except ValueError as error:
        raise InvalidFile(
            str(path),
            f"this is a cache of an older version, which is not read because unpickling may run code ({error}). "
            "Delete it and have it written again by the current version.",
        ) from error
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
    uniform = spacing.size > 0 and np.ptp(spacing) <= _SPACING_TOLERANCE * np.median(spacing)
    dt = float((t[-1] - t[0]) / spacing.size) if uniform else None
    t, notes = _from_origin(path, t, dt, first_frame, _metadata(path, text))
    q = np.broadcast_to(np.ravel(q).astype(np.float64), len(c2))
    return Recording(c2, q, np.ravel(phi).astype(np.float64), t, dt, notes=notes)


def _metadata(path: Path, text: str) -> dict:
    try:
        metadata = json.loads(text)
    except json.JSONDecodeError as error:
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
        first_frame = int(metadata.get("start_frame", 1)) - 1
    if first_frame < 0:
        raise WrongFirstFrame(str(path), first_frame)
    if first_frame == 0 or t[0] != 0:
        return t, ()
    if dt is None:
        raise LostTimeOrigin(str(path), first_frame)
    return t + first_frame * dt, (f"times of the cache start at 0; moved to its first frame, {first_frame} · dt",)


READER = Reader("npz-cache", "NPZ cache of homodyne and xpcsjax, version 2", missing, read, (FIRST_FRAME,))
