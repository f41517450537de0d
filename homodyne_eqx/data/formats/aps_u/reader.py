"""Reader of the APS-U NeXus-like layout (8-ID-I and 8-ID-E since 2025)."""

import math
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import MissingFirstFrame
from ...hdf5 import is_hdf5
from ...hdf5_file import Hdf5File, hdf5_file
from ..hdf5_maps import Hdf5Maps, maps_by_name
from ..reader_options import EXTERNAL, FIRST_FRAME, FRAME_TIME
from ..recording import Reader, Recording
from ..sectors import SECTOR_PHI, SECTOR_Q
from ..times import frame_count, frame_times, stated_frame_time
from . import layout
from .qmap import note_on_region_map, sectors_of

_REQUIRED = (layout.MAPS, layout.PROCESSED_BINS, layout.INDEX_MAPPING, layout.NUM_PTS, layout.Q_LIST, layout.PHI_LIST)


def missing(path: Path) -> tuple[str, ...]:
    """Required groups and datasets that the file lacks."""
    if not is_hdf5(path):
        return ("the HDF5 signature",)
    with hdf5_file(path, external=True) as file:
        return tuple(f"/{name}" for name in _REQUIRED if not file.has(name))


def read(
    path: Path,
    *,
    frame_time: float | None = None,
    first_frame: int | None = None,
    sector_q: np.ndarray | None = None,
    sector_phi: np.ndarray | None = None,
    external: bool | None = None,
) -> Recording:
    """Content of an APS-U file; the maps are read one at a time, when they are asked for.

    The sector of map k is `dynamic_index_mapping[processed_bins[k] − 1]`, split by the number of azimuths into the
    indices of q and phi: labels skip the grid points that miss the detector. The frame period is
    `frame_time · stride_frame · avg_frame`. `begin_frame` counts detector frames from 0, so map frame k is at
    `t = begin_frame · frame_time + k · dt`.

    **Arguments:**

    - `frame_time`: period of the detector, s, instead of the one in the file.
    - `first_frame`: detector frame, counted from 0, at which the maps start, instead of `begin_frame` in the file
      (which early versions of the writer counted from 1, and which is negative where it was counted from the end).
    - `sector_q` (Å⁻¹), `sector_phi` (degrees): of all maps or of each, instead of those of the qmap, which a qmap in
      x and y lacks.
    - `external`: whether parts that lie in other files are read.

    **Raises:** `MissingFrameTime`, `WrongFrameTime`, `MissingFirstFrame`, `WrongFirstFrame`; `InvalidFile` for anything
    else that is missing or contradicts itself; `OutsideTheFile`.
    """
    with hdf5_file(path, external) as file:
        maps = _maps(file)
        stated = sector_q is not None and sector_phi is not None
        labels = np.arange(1, maps.shape[0] + 1) if stated else _labels(file, maps.shape[0])
        q, phi, notes = sectors_of(file, labels, sector_q, sector_phi)
        notes += () if stated else note_on_region_map(file)
        t, dt, time_notes = _times(file, path, maps.shape[1], frame_time, first_frame)
        extras = {name: f"{layout.EXTRAS}/{name}" for name in ("gap", "sigma", "mask")}
        most = math.prod(maps.shape)
        gap, sigma, mask = (file.array(name, most) if file.has(name) else None for name in extras.values())
        attributes = list(file.group(layout.EXTRAS).attrs) if file.has(layout.EXTRAS) else []
        metadata = {key: file.attribute(layout.EXTRAS, key) for key in attributes}
        if gap is not None:
            gap = gap * file.factor(extras["gap"], "length")[0]
    return Recording(
        maps=maps,
        q=q,
        phi=phi,
        t=t,
        dt=dt,
        gap=gap,
        sigma=sigma,
        sigma_source=str(metadata.pop("sigma_source", "the file")),
        mask=None if mask is None else mask.astype(bool),
        notes=notes + time_notes,
        metadata=metadata,
    )


def _maps(file: Hdf5File) -> Hdf5Maps:
    """The maps in processing order."""
    names = [name for name in file.names(layout.MAPS) if name.startswith("c2_")]
    if not names:
        file.refuse(f"it holds no map: /{layout.MAPS} has no dataset c2_00001. Run the two-time analysis again.")
    maps = maps_by_name(file, [f"{layout.MAPS}/{name}" for name in names])
    if names != [layout.map_name(k + 1) for k in range(len(names))]:
        file.refuse(
            f"the maps are named {names[0]} to {names[-1]} ({len(names)} of them); expected c2_00001 to "
            f"{layout.map_name(len(names))}, in processing order. Some are missing: run the analysis again."
        )
    return maps


def _labels(file: Hdf5File, n_map: int) -> np.ndarray:
    """The label of each map, in processing order."""
    labels = file.whole_numbers(layout.PROCESSED_BINS)
    if len(labels) != n_map:
        file.refuse(
            f"{n_map} maps but {len(labels)} processed_bins; expected one bin for each map. Run the analysis again."
        )
    return labels


def _times(
    file: Hdf5File, path: Path, n_t: int, frame_time: float | None, first_frame: int | None
) -> tuple[np.ndarray, float, tuple[str, ...]]:
    """Time of each map frame and the frame period, s."""
    frame_time, notes = stated_frame_time(file, layout.FRAME_TIME, frame_time)
    per_map_frame = 1.0
    for name in ("stride_frame", "avg_frame"):
        per_map_frame *= frame_count(file, f"{layout.CONFIG}/{name}")
    first: Any = first_frame if first_frame is not None else file.number(f"{layout.CONFIG}/begin_frame")
    if first is None:
        raise MissingFirstFrame(str(path), f"{layout.CONFIG}/begin_frame")
    if np.isfinite(first) and first != round(first):
        file.refuse(f"/{layout.CONFIG}/begin_frame is {first:g}; expected a whole number of frames. Correct it.")
    notes += _note_on_end(file, n_t * per_map_frame, per_map_frame)
    return frame_times(path, n_t, frame_time, per_map_frame, first), frame_time * per_map_frame, notes


def _note_on_end(file: Hdf5File, frames: float, per_map_frame: float) -> tuple[str, ...]:
    """A note where the detector frames from `begin_frame` to `end_frame` are not those that the maps cover."""
    begin, end = (file.number(f"{layout.CONFIG}/{name}") for name in ("begin_frame", "end_frame"))
    if begin is None or end is None or not 0 <= begin < end or abs(end - begin - frames) <= per_map_frame:
        return ()
    return (
        f"begin_frame {begin:g} and end_frame {end:g} are {end - begin:g} detector frames apart, and the maps cover "
        f"{frames:g}: if stride_frame or avg_frame is wrong, so is the frame period",
    )


READER = Reader(
    "aps-u",
    "APS-U NeXus-like HDF5 (8-ID since 2025)",
    missing,
    read,
    (FRAME_TIME, FIRST_FRAME, SECTOR_Q, SECTOR_PHI, EXTERNAL),
)
