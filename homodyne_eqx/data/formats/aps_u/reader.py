"""Reader of the APS-U NeXus-like layout (8-ID-I and 8-ID-E since 2025)."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np

from ...errors import InvalidFile, MissingFirstFrame, MissingFrameTime, WrongFirstFrame, WrongFrameTime
from ...hdf5 import is_hdf5, require_h5py
from ..reader_options import FIRST_FRAME, ReaderOption
from ..recording import Reader, Recording
from . import layout

if TYPE_CHECKING:
    import h5py

_REQUIRED = (layout.MAPS, layout.PROCESSED_BINS, layout.INDEX_MAPPING, layout.NUM_PTS, layout.Q_LIST, layout.PHI_LIST)

_FRAME_TIME = ReaderOption(
    "frame_time", float, "SECONDS", "Period of the detector, where an APS-U file lacks it or has it wrong."
)


@final
@dataclass(frozen=True)
class UpperTriangleMaps:
    """Maps of which the file holds the upper triangle. The lower one is its transpose, filled in on reading."""

    path: str
    names: tuple[str, ...]
    shape: tuple[int, int, int]
    dtype: np.dtype

    def __getitem__(self, k: int) -> np.ndarray:
        with require_h5py().File(self.path, "r") as file:
            upper = np.triu(file[f"{layout.MAPS}/{self.names[k]}"][()].astype(self.dtype, copy=False))
        return upper + np.triu(upper, 1).T


def missing(path: Path) -> tuple[str, ...]:
    """Required groups and datasets that the file lacks."""
    if not is_hdf5(path):
        return ("the HDF5 signature",)
    with require_h5py().File(path, "r") as file:
        return tuple(f"/{name}" for name in _REQUIRED if name not in file)


def read(path: Path, *, frame_time: float | None = None, first_frame: int | None = None) -> Recording:
    """Content of an APS-U file; the maps are read one at a time, when they are asked for.

    The sector of map k is `dynamic_index_mapping[processed_bins[k] − 1]`, split by the number of azimuths into the
    indices of q and phi: labels skip the grid points that miss the detector. The frame period is
    `frame_time · stride_frame · avg_frame`. `begin_frame` counts detector frames from 0, so map frame k is at
    `t = begin_frame · frame_time + k · dt`.

    **Arguments:**

    - `frame_time`: period of the detector, s, instead of the one in the file.
    - `first_frame`: detector frame, counted from 0, at which the maps start, instead of `begin_frame` in the file
      (which early versions of the writer counted from 1, and which is negative where it was counted from the end).

    **Raises:** `MissingFrameTime`, `WrongFrameTime`, `MissingFirstFrame`, `WrongFirstFrame`; `InvalidFile` for anything
    else that is missing or contradicts itself.
    """
    with require_h5py().File(path, "r") as file:
        names, n_t, dtype = _map_names(file, path)
        q, phi, notes = _sectors(file, path, len(names))
        t, dt = _times(file, path, n_t, frame_time, first_frame)
        gap, sigma, mask = (_optional(file, name) for name in ("gap", "sigma", "mask"))
        metadata = {k: _as_python(v) for k, v in file[layout.EXTRAS].attrs.items()} if layout.EXTRAS in file else {}
    return Recording(
        maps=UpperTriangleMaps(str(path), names, (len(names), n_t, n_t), dtype),
        q=q,
        phi=phi,
        t=t,
        dt=dt,
        gap=gap,
        sigma=sigma,
        sigma_source=str(metadata.pop("sigma_source", "the file")),
        mask=None if mask is None else mask.astype(bool),
        notes=notes,
        metadata=metadata,
    )


def _map_names(file: "h5py.File", path: Path) -> tuple[tuple[str, ...], int, np.dtype]:
    """Names of the maps in processing order, their number of frames and their dtype."""
    group: Any = file[layout.MAPS]
    maps: dict[str, h5py.Dataset] = {name: group[name] for name in sorted(group) if name.startswith("c2_")}
    names = tuple(maps)
    if not names:
        reason = f"it holds no map: /{layout.MAPS} has no dataset c2_00001. Run the two-time analysis again."
        raise InvalidFile(str(path), reason)
    first = maps[names[0]]
    n_t = first.shape[0] if first.ndim else 0
    for name, values in maps.items():
        if values.shape != (n_t, n_t):
            raise InvalidFile(
                str(path),
                f"map {name} has shape {values.shape}; expected ({n_t}, {n_t}), as all maps. Run the analysis again.",
            )
    if names != tuple(layout.map_name(k + 1) for k in range(len(names))):
        raise InvalidFile(
            str(path),
            f"the maps are named {names[0]} to {names[-1]} ({len(names)} of them); expected c2_00001 to "
            f"{layout.map_name(len(names))}, in processing order. Some are missing: run the analysis again.",
        )
    dtype = np.dtype(np.float64 if first.dtype == np.float64 else np.float32)
    return names, n_t, dtype


def _sectors(file: "h5py.File", path: Path, n_map: int) -> tuple[np.ndarray, np.ndarray | None, tuple[str, ...]]:
    """q and phi of each map, through the index mapping of the qmap."""
    bins = np.ravel(file[layout.PROCESSED_BINS][()]).astype(np.int64)
    mapping = np.ravel(file[layout.INDEX_MAPPING][()]).astype(np.int64)
    n_q, n_phi = (int(x) for x in np.ravel(file[layout.NUM_PTS][()])[:2])
    q_list, phi_list = (np.ravel(file[name][()]).astype(np.float64) for name in (layout.Q_LIST, layout.PHI_LIST))
    if len(bins) != n_map:
        raise InvalidFile(
            str(path),
            f"{n_map} maps but {len(bins)} processed_bins; expected one bin for each map. Run the analysis again.",
        )
    if (len(q_list), len(phi_list)) != (n_q, n_phi):
        raise InvalidFile(
            str(path),
            f"dynamic_num_pts is [{n_q}, {n_phi}], but the lists of q and phi have {len(q_list)} and "
            f"{len(phi_list)} values. The qmap contradicts itself: make it again.",
        )
    if bins.min() < 1 or bins.max() > len(mapping):
        raise InvalidFile(
            str(path),
            f"processed_bins runs from {bins.min()} to {bins.max()}; expected labels from 1 to {len(mapping)}, the "
            "length of dynamic_index_mapping. The maps belong to another qmap: run the analysis again with theirs.",
        )
    grid = mapping[bins - 1]
    if grid.min() < 0 or grid.max() >= n_q * n_phi:
        raise InvalidFile(
            str(path),
            f"dynamic_index_mapping runs from {grid.min()} to {grid.max()}; expected grid indices from 0 to "
            f"{n_q} × {n_phi} − 1. The qmap contradicts itself: make it again.",
        )
    q_index, phi_index = np.divmod(grid, n_phi)
    q_scale, q_note = _unit_scale(file, path, layout.Q_LIST, "q")
    phi_scale, phi_note = _unit_scale(file, path, layout.PHI_LIST, "phi")
    phi = phi_list[phi_index] * phi_scale
    return q_list[q_index] * q_scale, None if np.all(np.isnan(phi)) else phi, q_note + phi_note


def _unit_scale(file: "h5py.File", path: Path, name: str, expected: str) -> tuple[float, tuple[str, ...]]:
    """Factor that converts a list to Å⁻¹ or degrees, from the attributes of the list if it has any; a note if not 1."""
    attributes = file[name].attrs
    quantity = _as_python(attributes.get("name", expected))
    unit = str(_as_python(attributes.get("unit", "")))
    if quantity != expected:
        raise InvalidFile(
            str(path), f"/{name} is {quantity!r}; expected {expected!r}. Only qmaps divided in q and phi can be read."
        )
    if expected == "q" and "nm" in unit:
        return 0.1, (f"q converted from {unit} to Å⁻¹",)
    if expected == "phi" and unit.startswith("rad"):
        return 180 / np.pi, (f"phi converted from {unit} to degrees",)
    return 1.0, ()


def _times(
    file: "h5py.File", path: Path, n_t: int, frame_time: float | None, first_frame: int | None
) -> tuple[np.ndarray, float]:
    """Time of each map frame and the frame period, s."""
    if frame_time is None:
        frame_time = _number(file, path, layout.FRAME_TIME)
    if frame_time is None:
        raise MissingFrameTime(str(path), layout.FRAME_TIME)
    if not (np.isfinite(frame_time) and frame_time > 0):
        raise WrongFrameTime(str(path), frame_time)
    frames_per_map_frame = 1.0
    for name in ("stride_frame", "avg_frame"):
        frames_per_map_frame *= _frame_count(file, path, f"{layout.CONFIG}/{name}")
    first = float(first_frame) if first_frame is not None else _number(file, path, f"{layout.CONFIG}/begin_frame")
    if first is None:
        raise MissingFirstFrame(str(path), f"{layout.CONFIG}/begin_frame")
    if first < 0:
        raise WrongFirstFrame(str(path), first)
    dt = frame_time * frames_per_map_frame
    return first * frame_time + dt * np.arange(n_t), dt


def _frame_count(file: "h5py.File", path: Path, name: str) -> float:
    """A number of detector frames, ≥ 1, without which the frame period does not follow."""
    count = _number(file, path, name)
    if count is None:
        reason = f"it has no /{name}. The frame period dt does not follow without it; add it to the file."
        raise InvalidFile(str(path), reason)
    if count < 1:
        raise InvalidFile(str(path), f"/{name} is {count:g}; expected ≥ 1. Correct it in the file.")
    return count


def _number(file: "h5py.File", path: Path, name: str) -> float | None:
    """The single value of a dataset, `None` if there is no such dataset."""
    if name not in file:
        return None
    values = np.ravel(file[name][()])
    if values.size != 1:
        raise InvalidFile(str(path), f"/{name} has {values.size} values; expected one. Correct it in the file.")
    return float(values[0])


def _optional(file: "h5py.File", name: str) -> Any:
    path = f"{layout.EXTRAS}/{name}"
    return file[path][()] if path in file else None


def _as_python(value: Any) -> Any:
    """An attribute as a Python str, number or list."""
    if isinstance(value, bytes):
        return value.decode()
    return value.tolist() if isinstance(value, np.ndarray | np.generic) else value


READER = Reader("aps-u", "APS-U NeXus-like HDF5 (8-ID since 2025)", missing, read, (_FRAME_TIME, FIRST_FRAME))
