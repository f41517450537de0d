"""Reader of the NPZ cache, version 2, that homodyne and xpcsjax write."""

import json
import zipfile
from pathlib import Path

import numpy as np

from .recording import Reader, Recording

_REQUIRED = ("c2_exp", "t1", "t2", "wavevector_q_list", "phi_angles_list")
_SPACING_TOLERANCE = 1e-4


def missing(path: Path) -> tuple[str, ...]:
    """Required arrays that the file lacks."""
    if not zipfile.is_zipfile(path):
        return ("the ZIP signature of an .npz file",)
    with zipfile.ZipFile(path) as archive:
        held = set(archive.namelist())
    return tuple(name for name in _REQUIRED if f"{name}.npy" not in held)


def read(path: Path, *, first_frame: int | None = None) -> Recording:
    """Content of a version-2 cache, all in memory.

    The cache starts its times at 0 whatever frames it holds, and keeps the first of them (counted from 1) as
    `start_frame` in its metadata: times are moved back to the origin, `t = (start_frame − 1)·dt + t1`, with a note.

    **Arguments:** `first_frame`: detector frame that the first map frame starts at, from 0, instead of the cache's.

    **Raises:** `ValueError` for older caches (pickled objects, 2-D times), and for contents that contradict each other.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            if "cache_metadata" in file.files:
                raise ValueError("it keeps its metadata as a pickled object")
            c2, t, t2, q, phi = (file[name] for name in _REQUIRED)
            text = str(file["cache_metadata_json"][()]) if "cache_metadata_json" in file.files else "{}"
    except ValueError as error:
        raise ValueError(
            f"{path} is a cache of an older version, which is not read because unpickling may run code ({error}). "
            "Delete it and have it written again by the current version."
        ) from error
    if t.ndim != 1 or t.shape != t2.shape or not np.array_equal(t, t2):
        raise ValueError(
            f"{path}: t1 has shape {t.shape}, t2 {t2.shape}; expected the same 1-D frame times twice. Older caches "
            "held 2-D times: delete it and have it written again by the current version."
        )
    if c2.ndim != 3 or c2.shape[1:] != (t.size, t.size):
        raise ValueError(f"{path}: c2_exp has shape {c2.shape}; expected (n_phi, {t.size}, {t.size}) as of t1.")
    if np.size(q) not in (1, len(c2)) or np.size(phi) != len(c2):
        raise ValueError(
            f"{path}: {np.size(q)} q and {np.size(phi)} phi for {len(c2)} maps; expected one phi a map, and "
            "one q a map or one for all."
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
        raise ValueError(f"{path}: cache_metadata_json is not JSON ({error}). Have the cache written again.") from error
    if not isinstance(metadata, dict):
        raise ValueError(f"{path}: cache_metadata_json is {text!r}; expected a JSON object.")
    return metadata


def _from_origin(
    path: Path, t: np.ndarray, dt: float | None, first_frame: int | None, metadata: dict
) -> tuple[np.ndarray, tuple[str, ...]]:
    if first_frame is None:
        first_frame = int(metadata.get("start_frame", 1)) - 1
    if first_frame < 0:
        raise ValueError(f"{path}: the first frame is {first_frame}; expected ≥ 0. Pass first_frame=<frame from 0>.")
    if first_frame == 0 or t[0] != 0:
        return t, ()
    if dt is None:
        raise ValueError(
            f"{path} starts at frame {first_frame}, but its times are not uniform: the time origin is lost. "
            "Pass first_frame=0 if t1 counts from the start of the flow."
        )
    return t + first_frame * dt, (f"times of the cache start at 0; moved to its first frame, {first_frame} · dt",)


READER = Reader("npz-cache", "NPZ cache of homodyne and xpcsjax, version 2", missing, read)
