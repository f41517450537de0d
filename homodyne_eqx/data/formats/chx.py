"""Reader of the result files of NSLS-II CHX (pyCHX), `g12b`."""

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MissingFrameTime, UnknownSectors
from ..hdf5 import is_hdf5
from ..hdf5_file import Hdf5File, hdf5_file
from ..units import in_base_unit
from .hdf5_maps import maps_of_one_array
from .reader_options import EXTERNAL, FIRST_FRAME, FRAME_TIME
from .recording import Reader, Recording
from .sectors import SECTOR_PHI, SECTOR_Q, of_each_sector
from .times import NO_FIRST_FRAME, frame_times

_C2, _Q, _MD = "g12b", "qval_dict", "md"
_MOST_SECTORS = 100_000


def missing(path: Path) -> tuple[str, ...]:
    """The parts of the layout that the file lacks."""
    if not is_hdf5(path):
        return ("the HDF5 signature",)
    with hdf5_file(path, external=True) as file:
        return () if file.has(_C2) else (f"/{_C2}",)


def read(
    path: Path,
    *,
    frame_time: float | None = None,
    first_frame: int | None = None,
    sector_q: np.ndarray | None = None,
    sector_phi: np.ndarray | None = None,
    external: bool | None = None,
) -> Recording:
    """Content of a result file of CHX; the maps are read one at a time, when they are asked for.

    Map k is `g12b[:, :, k]`, and the attribute `str(k)` of `qval_dict` holds its q (Å⁻¹), or its q and azimuth
    (degrees). The frame period is `frame_time` in the attributes of `md`, which pyCHX has multiplied by what it binned
    where it says so in the same place.

    **Arguments:** `frame_time`: period of the frames of the maps, s, instead of the one in the file; `first_frame`:
    frame of the maps, counted from 0, at which they start, 0 with a note unless given; `sector_q` (Å⁻¹), `sector_phi`
    (degrees): of all maps or of each; `external`: whether parts that lie in other files are read.

    **Raises:** `MissingFrameTime`, `WrongFrameTime`, `WrongFirstFrame`, `UnknownSectors`, `OutsideTheFile`;
    `InvalidFile` for anything that contradicts itself.
    """
    with hdf5_file(path, external) as file:
        maps = maps_of_one_array(file, _C2, -1)
        n_map, n_t, _ = maps.shape
        listed = None if sector_q is not None and sector_phi is not None else _sectors(file, n_map)
        if frame_time is None:
            frame_time = _frame_time(file)
    q = (
        of_each_sector("sector_q", sector_q, n_map)
        if sector_q is not None
        else listed[:, 0]
        if listed is not None
        else None
    )
    phi = listed[:, 1] if listed is not None and listed.shape[1] > 1 else None
    if sector_phi is not None:
        phi = of_each_sector("sector_phi", sector_phi, n_map)
    if q is None:
        raise UnknownSectors(str(path), f"it has no /{_Q} with the q of each map.")
    return Recording(
        maps=maps,
        q=q,
        phi=phi,
        t=frame_times(path, n_t, frame_time, 1.0, first_frame or 0),
        dt=frame_time,
        notes=() if first_frame is not None else (NO_FIRST_FRAME,),
    )


def _sectors(file: Hdf5File, n_map: int) -> np.ndarray | None:
    """q, or q and azimuth, of each map, `(n_map, 1 or 2)`; `None` without a list."""
    if not file.has(_Q):
        return None
    rows: list[list[float]] = []
    for k in range(min(n_map, _MOST_SECTORS)):
        value = file.attribute(_Q, str(k))
        row = [value] if isinstance(value, int | float) else value
        if not isinstance(row, list) or not all(isinstance(x, int | float) for x in row) or len(row) not in (1, 2):
            file.refuse(
                f"the attribute {k} of /{_Q} is {str(value)[:60]}; expected [q] or [q, phi] for each map. "
                "Save the result again."
            )
        rows.append([float(x) for x in row])
    if file.attribute(_Q, str(n_map)) is not None:
        raise UnknownSectors(
            file.path, f"the attributes of /{_Q} are more than the {n_map} maps: which belong to the maps is not known."
        )
    if len({len(row) for row in rows}) != 1 or len(rows) != n_map or not np.all(np.isfinite(rows)):
        file.refuse(f"the attributes of /{_Q} are not {n_map} times a finite [q] or [q, phi]. Save the result again.")
    return np.array(rows)


def _frame_time(file: Hdf5File) -> float:
    """The frame period in the attributes of `md`, s; checked against the steps of `taus`, where there are any."""
    value: Any = file.one(_MD, "frame_time") if file.has(_MD) else None
    if isinstance(value, str):
        value = in_base_unit("frame_time", value, "time")
    try:
        period = float(value)
    except (TypeError, ValueError):
        raise MissingFrameTime(file.path, f"{_MD} with the attribute frame_time") from None
    if file.has("taus"):
        taus = file.numbers("taus", finite=False)
        steps = np.diff(taus[np.isfinite(taus)])
        steps = steps[steps > 0]
        if steps.size and abs(np.min(steps) - period) > 0.01 * period:
            file.refuse(
                f"frame_time of /{_MD} is {period:g} s, and the smallest step of /taus is {np.min(steps):g} s: one "
                "of them is not that of the maps. State the frame time."
            )
    return period


READER = Reader(
    "chx",
    "result file of NSLS-II CHX (pyCHX)",
    missing,
    read,
    (FRAME_TIME, FIRST_FRAME, SECTOR_Q, SECTOR_PHI, EXTERNAL),
)
