"""Reader of the result files of ESRF ID02, version 2: maps over age and lag, put on two axes of time."""

from pathlib import Path
from typing import Any

import numpy as np

from ..errors import MissingFrameTime, UnknownSectors, WrongFrameTime
from ..hdf5 import is_hdf5
from ..hdf5_file import Hdf5File, hdf5_file
from ..memory import check_memory
from .reader_options import EXTERNAL, FRAME_TIME, ReaderOption
from .recording import Reader, Recording
from .sectors import SECTOR_PHI, SECTOR_Q, of_each_sector

_MAGIC, _GROUP = "XPCSResultFile", "entry_0000/correlations"
_WITHIN = 0.01
_AGE_OF_EARLIER = (
    "the age of a value is taken as the time of the earlier of its two frames; the file does not state this"
)
CORRELATION = ReaderOption(
    "correlation", str, "NAME", "The correlation to read, if a result file of ESRF ID02 has several."
)


def missing(path: Path) -> tuple[str, ...]:
    """The parts of the layout that the file lacks."""
    if not is_hdf5(path):
        return ("the HDF5 signature",)
    with hdf5_file(path, external=True) as file:
        if not str(file.attribute("", "MagicString") or "").startswith(_MAGIC):
            return (f"the attribute MagicString of a {_MAGIC}",)
        return () if _with_maps(file) else (f"/{_GROUP}/…/twotime/ttcf",)


def read(
    path: Path,
    *,
    frame_time: float | None = None,
    sector_q: np.ndarray | None = None,
    sector_phi: np.ndarray | None = None,
    correlation: str | None = None,
    external: bool | None = None,
) -> Recording:
    """Content of a result file of ESRF ID02, `(n_roi, n_age, n_lag)`: the value of age i and lag k is that of frames i
    and i + k. Pairs of frames without a value are NaN.

    Ages and lags are in frames or in seconds; `frame_time` tells which: the steps of both are 1, or are `frame_time`.

    **Arguments:** `frame_time`: time between two frames of the maps, s; `sector_q` (Å⁻¹), `sector_phi` (degrees): of
    all regions or of each; `correlation`: name of the correlation, needed where the file has several; `external`:
    whether parts that lie in other files are read.

    **Raises:** `MissingFrameTime`, `WrongFrameTime`, `UnknownSectors`, `TooLarge`, `OutsideTheFile`; `InvalidFile` for
    ages and lags that are no multiples of the frame time, and for anything that contradicts itself.
    """
    with hdf5_file(path, external) as file:
        place = f"{_GROUP}/{_chosen(file, correlation)}/twotime"
        stored = file.dataset(f"{place}/ttcf")
        age, lag = file.numbers(f"{place}/age"), file.numbers(f"{place}/lag")
        if stored.dtype.kind != "f" or stored.ndim != 3 or stored.shape[1:] != (age.size, lag.size):
            file.refuse(
                f"/{place}/ttcf is {stored.dtype} of shape {stored.shape}; expected real values of the shape (n_roi, "
                f"{age.size}, {lag.size}), an age and a lag along its last axes."
            )
        if frame_time is None:
            raise MissingFrameTime(str(path), f"{place} with the period of the frames")
        if not (np.isfinite(frame_time) and frame_time > 0):
            raise WrongFrameTime(str(path), float(frame_time))
        if sector_q is None:
            raise UnknownSectors(str(path), "the layout has no place for the q of its regions.")
        unit = _unit(file, place, age, lag, frame_time)
        earlier, later = _frames(file, place, age, unit), _frames(file, place, lag, unit)
        maps = _on_two_times(file, stored, earlier - earlier[0], later)
    n_sector, n_t, _ = maps.shape
    words = "seconds" if unit == frame_time else "frames"
    return Recording(
        maps=maps,
        q=of_each_sector("sector_q", sector_q, n_sector),
        phi=None if sector_phi is None else of_each_sector("sector_phi", sector_phi, n_sector),
        t=frame_time * (earlier[0] + np.arange(n_t)),
        dt=frame_time,
        notes=(f"ages and lags taken in {words}, since their steps are {unit:g}", _AGE_OF_EARLIER),
    )


def _with_maps(file: Hdf5File) -> list[str]:
    """Names of the correlations that have maps."""
    if not file.has(_GROUP):
        return []
    return [name for name in file.names(_GROUP) if file.has(f"{_GROUP}/{name}/twotime/ttcf")]


def _chosen(file: Hdf5File, correlation: str | None) -> str:
    names = _with_maps(file)
    listed = ", ".join(names)
    if correlation is not None and correlation not in names:
        file.refuse(f"it has no correlation {correlation}. It has {listed}.")
    if correlation is None and len(names) > 1:
        file.refuse(f"it has several correlations, {listed}: pass one of them as correlation.")
    return correlation or names[0]


def _unit(file: Hdf5File, place: str, age: np.ndarray, lag: np.ndarray, frame_time: float) -> float:
    """The length of one frame in the units of the ages and lags: 1, or `frame_time`."""
    steps = np.concatenate([np.diff(age), np.diff(lag)])
    if not steps.size or np.any(steps <= 0) or np.min(lag) < 0:
        file.refuse(f"/{place}/age and lag are no ascending lists, or a lag is negative. Correct them in the file.")
    least = float(np.min(steps))
    for unit in (frame_time, 1.0):
        if abs(least - unit) <= _WITHIN * unit:
            return unit
    file.refuse(
        f"the smallest step of /{place}/age and lag is {least:g}: neither the frame time, {frame_time:g} s, nor 1 "
        "frame. State the time between two frames of the maps."
    )


def _frames(file: Hdf5File, place: str, values: np.ndarray, unit: float) -> np.ndarray:
    """Ages or lags in frames, whole numbers."""
    frames = np.round(values / unit)
    if np.any(np.abs(values / unit - frames) > _WITHIN * np.maximum(1, np.abs(frames) * _WITHIN)):
        file.refuse(
            f"/{place}/age and lag are no multiples of one frame. Read them with h5py and pass the values to "
            "PairData, which takes means over pairs of frames."
        )
    return frames.astype(np.int64)


def _on_two_times(file: Hdf5File, stored: Any, earlier: np.ndarray, lag: np.ndarray) -> np.ndarray:
    """Full symmetric maps `(n_roi, n_t, n_t)`, NaN where there is no value.

    **Raises:** `InvalidFile` where late ages have values for long lags that early ages lack: then the age is not that
    of the earlier frame.
    """
    n_roi, last = stored.shape[0], int(earlier[-1] + lag[-1]) + 1
    check_memory(file.path, "the maps over two times", (n_roi, last, last), stored.dtype.itemsize)
    rows, columns = np.meshgrid(earlier, lag, indexing="ij")
    maps, end = np.full((n_roi, last, last), np.nan, stored.dtype), 0
    for k in range(n_roi):
        values = np.asarray(stored[k])
        there = np.isfinite(values) & (values != 0)
        if not np.any(there):
            continue
        longest = lag[np.any(there, axis=0)][-1]
        if not there[0, lag == longest][0] and np.any(there[:, lag == longest]):
            file.refuse(
                f"region {k} has no value of its longest lag, {longest} frames, at its first age, but at later ones: "
                "its ages are not those of the earlier frame. Put the values on two axes of time, and save them as "
                "plain arrays."
            )
        i, j = rows[there], (rows + columns)[there]
        maps[k, i, j] = maps[k, j, i] = values[there]
        end = max(end, int(np.max(j)) + 1)
    if not end:
        file.refuse("its maps hold no value. Run the two-time analysis again.")
    return maps[:, :end, :end]


READER = Reader(
    "esrf-id02",
    "result file of ESRF ID02",
    missing,
    read,
    (FRAME_TIME, SECTOR_Q, SECTOR_PHI, CORRELATION, EXTERNAL),
)
