"""Reader of the layout of APS 8-ID until 2025, which xpcs-eigen and early versions of boost_corr wrote."""

import re
from pathlib import Path

import numpy as np

from ..errors import UnknownSectors
from ..hdf5 import is_hdf5
from ..hdf5_file import Hdf5File, hdf5_file
from .hdf5_maps import maps_by_name
from .reader_options import EXTERNAL, FIRST_FRAME, FRAME_TIME, ReaderOption
from .recording import Reader, Recording
from .sectors import SECTOR_PHI, SECTOR_Q, of_each_sector
from .times import NO_FIRST_FRAME, frame_count, frame_times, stated_frame_time

_MAPS = "C2T_all"
_NAME = re.compile(r"g2_(\d{1,9})")
_EXPOSURE_PERIOD = "measurement/instrument/detector/exposure_period"
_ANALYSIS = ReaderOption(
    "analysis",
    int,
    "N",
    "The analysis to read from an APS file from before 2025: N reads /xpcs_N and /exchange_N; by default the first.",
)


def missing(path: Path) -> tuple[str, ...]:
    """The parts of the layout that the file lacks."""
    if not is_hdf5(path):
        return ("the HDF5 signature",)
    with hdf5_file(path, external=True) as file:
        named = [name for name in file.names("") if name.startswith("exchange")]
        found = [f"{name}/{_MAPS}" for name in named if file.has(f"{name}/{_MAPS}")]
        return () if found else (f"/exchange/{_MAPS}",)


def read(
    path: Path,
    *,
    frame_time: float | None = None,
    first_frame: int | None = None,
    sector_q: np.ndarray | None = None,
    sector_phi: np.ndarray | None = None,
    analysis: int | None = None,
    external: bool | None = None,
) -> Recording:
    """Content of an APS file of before 2025; the maps are read one at a time, when they are asked for.

    The bin of a map follows from `qphi_bin_to_process`: xpcs-eigen numbers the maps by bin, early boost_corr in the
    order of processing. Without the list, maps are taken for all the bins, in order, where there are as many of them.
    The frame period is `exposure_period · stride_frames · avg_frames`.

    **Arguments:** `frame_time`: the exposure period, s, instead of the one in the file; `first_frame`: detector frame,
    counted from 0, at which the maps start, 0 with a note unless given; `sector_q` (Å⁻¹), `sector_phi` (degrees);
    `analysis`: the number at `/xpcs_N`; `external`: whether parts that lie in other files are read.

    **Raises:** `InvalidFile` where it cannot be told which map belongs to which bin, and for anything that is missing
    or contradicts itself; `MissingFrameTime`, `WrongFrameTime`, `WrongFirstFrame`, `OutsideTheFile`.
    """
    with hdf5_file(path, external) as file:
        suffix = "" if analysis is None else f"_{analysis}"
        xpcs, place = f"xpcs{suffix}", f"exchange{suffix}/{_MAPS}"
        if not file.has(place):
            there = [name for name in file.names("") if name.startswith("exchange")]
            file.refuse(f"it has no /{place}. It holds {', '.join(there)}: choose the number of one of them.")
        found = {name: int(m[1]) for name in file.names(place) if (m := _NAME.fullmatch(name))}
        numbers = dict(sorted(found.items(), key=lambda of: of[1]))
        maps = maps_by_name(file, [f"{place}/{name}" for name in numbers])
        notes = _other_analyses(file, suffix)
        n_map = len(numbers)
        bins = _bins(file, xpcs, [*numbers.values()]) if sector_q is None or sector_phi is None else np.zeros(0, int)
        phi = None
        if sector_q is not None:
            q = of_each_sector("sector_q", sector_q, n_map)
        else:
            q, more = _listed(file, f"{xpcs}/dqlist", "q", bins)
            notes += more
        if sector_phi is not None:
            phi = of_each_sector("sector_phi", sector_phi, n_map)
        elif file.has(f"{xpcs}/dphilist"):
            phi, more = _listed(file, f"{xpcs}/dphilist", "angle", bins)
            notes += more
        frame_time, more = stated_frame_time(file, _EXPOSURE_PERIOD, frame_time)
        notes += more
        per_map_frame = 1.0
        for name in ("stride_frames", "avg_frames"):
            per_map_frame *= frame_count(file, f"{xpcs}/{name}")
    if first_frame is None:
        notes += (NO_FIRST_FRAME,)
    return Recording(
        maps=maps,
        q=q,
        phi=None if phi is None or np.all(np.isnan(phi)) else phi,
        t=frame_times(path, maps.shape[1], frame_time, per_map_frame, first_frame or 0),
        dt=frame_time * per_map_frame,
        notes=notes,
    )


def _other_analyses(file: Hdf5File, suffix: str) -> tuple[str, ...]:
    others = [name for name in file.names("") if re.fullmatch(r"exchange(_\d+)?", name) and name != f"exchange{suffix}"]
    others = [name for name in others if file.has(f"{name}/{_MAPS}")]
    return (f"the file holds other analyses: {', '.join(f'/{name}' for name in others)}",) if others else ()


def _bins(file: Hdf5File, xpcs: str, numbers: list[int]) -> np.ndarray:
    """The bin of each map, from 1, `(n_map,)`."""
    n_map, n_bins = len(numbers), file.dataset(f"{xpcs}/dqlist").size
    listed = f"{xpcs}/qphi_bin_to_process"
    processed = file.whole_numbers(listed).tolist() if file.has(listed) else None
    counted = numbers in (list(range(n_map)), list(range(1, n_map + 1)))
    if processed is None or len(processed) != n_map:
        if n_map == n_bins and counted and (processed is None or len(processed) == 1):
            return np.arange(1, n_bins + 1)
        said = "there is no" if processed is None else f"there are {len(processed)} values in"
        raise UnknownSectors(
            file.path,
            f"it has {n_map} maps for {n_bins} bins, and {said} /{listed}: which bin a map belongs to is not known.",
        )
    by_bin = sorted(processed) == numbers
    if by_bin and counted and processed != numbers:
        raise UnknownSectors(
            file.path,
            f"its maps are numbered {numbers[0]} to {numbers[-1]}, and /{listed} is in another order: these may be "
            "bins or a count.",
        )
    if not by_bin and not counted:
        file.refuse(
            f"its maps are numbered {numbers[0]} to {numbers[-1]}, which are neither the bins in /{listed} nor 1 to "
            f"{n_map}. Run the analysis again."
        )
    bins = np.array(numbers if by_bin else processed)
    if bins.min() < 1 or bins.max() > n_bins or len(set(bins.tolist())) < n_map:
        file.refuse(f"/{listed} runs from {bins.min()} to {bins.max()}; expected bins from 1 to {n_bins}, each once.")
    return bins


def _listed(file: Hdf5File, name: str, quantity: str, bins: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    values = file.numbers(name, finite=quantity == "q")
    if bins.max() > len(values):
        file.refuse(f"/{name} has {len(values)} values; expected one for each bin, {bins.max()}. Make the qmap again.")
    factor, note = file.factor(name, quantity)
    return values[bins - 1] * factor, note


READER = Reader(
    "aps-legacy",
    "HDF5 of APS 8-ID until 2025",
    missing,
    read,
    (FRAME_TIME, FIRST_FRAME, SECTOR_Q, SECTOR_PHI, _ANALYSIS, EXTERNAL),
)
