"""Reader of the multi-tau part of the APS-U NeXus-like layout: g2(τ) of each label of the qmap."""

from pathlib import Path

import numpy as np

from ...errors import WrongFrameTime
from ...hdf5 import is_hdf5
from ...hdf5_file import Hdf5File, hdf5_file
from ..reader_options import EXTERNAL, FRAME_TIME
from ..recording import OneTimeRecording, Reader
from ..sectors import SECTOR_PHI, SECTOR_Q
from ..times import frame_count, stated_frame_time
from . import layout
from .qmap import n_azimuths, n_labels, note_on_region_map, sectors_of

_QMAP = (layout.INDEX_MAPPING, layout.NUM_PTS, layout.Q_LIST, layout.PHI_LIST)
_ONE_AZIMUTH = "the qmap has one azimuth, which no direction follows from: no phi"


def missing(path: Path) -> tuple[str, ...]:
    """Required datasets that the file lacks."""
    if not is_hdf5(path):
        return ("the HDF5 signature",)
    with hdf5_file(path, external=True) as file:
        return tuple(f"/{name}" for name in (layout.MULTI_TAU_G2, layout.DELAYS, *_QMAP) if not file.has(name))


def read(
    path: Path,
    *,
    frame_time: float | None = None,
    sector_q: np.ndarray | None = None,
    sector_phi: np.ndarray | None = None,
    external: bool | None = None,
) -> OneTimeRecording:
    """g2(τ) of all labels, in their order, with the errors in the file.

    τ = delay · frame_time · stride_frame · avg_frame. Column k is label k + 1 of the qmap, whose q and azimuth follow
    from `dynamic_index_mapping`.

    **Arguments:** `frame_time`, `sector_q`, `sector_phi`, `external`: as of the reader of maps.

    **Raises:** `MissingFrameTime`, `WrongFrameTime`, `UnknownSectors`; `InvalidFile` for anything else that is missing
    or contradicts itself; `OutsideTheFile`.
    """
    with hdf5_file(path, external) as file:
        tau, time_notes = _lags(file, frame_time)
        g2 = _columns(file, layout.MULTI_TAU_G2, len(tau))
        sigma = None
        if file.has(layout.MULTI_TAU_ERRORS):
            sigma = _columns(file, layout.MULTI_TAU_ERRORS, len(tau))
            if sigma.shape != g2.shape:
                file.refuse(
                    f"/{layout.MULTI_TAU_ERRORS} has errors of {sigma.shape[0]} labels, g2 values of {g2.shape[0]}. "
                    "Run the analysis again."
                )
        q, phi, notes = sectors_of(file, _labels(file, len(g2), sector_q, sector_phi), sector_q, sector_phi)
        notes += note_on_region_map(file) if sector_q is None or sector_phi is None else ()
        if sector_phi is None and phi is not None and n_azimuths(file) == 1:
            phi, notes = None, (*notes, _ONE_AZIMUTH)
    return OneTimeRecording(tau, g2, q, phi, sigma, "the errors of g2 in the file", (*notes, *time_notes))


def _lags(file: Hdf5File, frame_time: float | None) -> tuple[np.ndarray, tuple[str, ...]]:
    """τ of each row, s, and notes."""
    frame_time, notes = stated_frame_time(file, layout.FRAME_TIME, frame_time)
    if not (np.isfinite(frame_time) and frame_time > 0):
        raise WrongFrameTime(file.path, float(frame_time))
    per_delay = frame_time
    for name in ("stride_frame", "avg_frame"):
        per_delay *= frame_count(file, f"{layout.MULTI_TAU_CONFIG}/{name}")
    delays = file.whole_numbers(layout.DELAYS)
    if delays.size == 0 or delays[0] < 0 or np.any(np.diff(delays) <= 0):
        file.refuse(f"/{layout.DELAYS} does not increase from 0 or 1 on. Run the analysis again.")
    return delays * per_delay, notes


def _columns(file: Hdf5File, name: str, n_tau: int) -> np.ndarray:
    """A table of lags and labels, as `(n_label, n_tau)`."""
    values = file.array(name)
    if values.ndim != 2 or values.shape[0] != n_tau or not values.shape[1]:
        file.refuse(
            f"/{name} has shape {values.shape}; expected ({n_tau}, number of labels), a row for each value of "
            f"/{layout.DELAYS}. Run the analysis again."
        )
    return np.ascontiguousarray(values.T.astype(np.float64 if values.dtype == np.float64 else np.float32))


def _labels(file: Hdf5File, n: int, q: np.ndarray | None, phi: np.ndarray | None) -> np.ndarray:
    """The labels of the columns, 1 to n."""
    if (q is None or phi is None) and n_labels(file) != n:
        file.refuse(
            f"g2 has {n} columns, and the qmap has {n_labels(file)} labels; expected a column for each label. The g2 "
            "belong to another qmap: run the analysis again with theirs."
        )
    return np.arange(1, n + 1)


READER = Reader(
    "aps-u-multitau",
    "APS-U multi-tau HDF5 (g2 alone)",
    missing,
    read,
    (FRAME_TIME, SECTOR_Q, SECTOR_PHI, EXTERNAL),
    one_time=True,
)
