"""Layouts that are known and not read: their marks, and the remedy."""

from collections.abc import Callable, Mapping
from pathlib import Path

from ..errors import InvalidFile, KnownLayout
from ..hdf5 import is_hdf5
from ..hdf5_file import Hdf5File, hdf5_file
from .npy_arrays import npz_names, starts_as_zip

_TWO_TIME = "Maps of two times are needed: run the two-time analysis of the same frames, and read its result."
_FRAMES = "Correlate them first, with the software of the beamline, and read the two-time result."


def refuse_known_layout(path: Path) -> None:
    """Returns for any file but these.

    **Raises:** `KnownLayout` for a layout that is known and not read; `InvalidFile` for a damaged .npz file.
    """
    if starts_as_zip(path) and npz_names(path) is None:
        raise InvalidFile(str(path), "it starts as an .npz file and is cut short or damaged. Copy it again.")
    if not is_hdf5(path):
        return
    with hdf5_file(path) as file:
        for layout, (looks_so, reason) in _LAYOUTS.items():
            if looks_so(file):
                raise KnownLayout(str(path), layout, reason)


def _id02(file: Hdf5File) -> bool:
    return str(file.attribute("", "MagicString") or "").startswith("XPCSResultFile")


def _aps_legacy_multi_tau(file: Hdf5File) -> bool:
    return file.has("exchange/norm-0-g2")


def _nexus_multi_tau(file: Hdf5File) -> bool:
    return any(file.has(f"{name}/multitau/g2") for name in file.names(""))


def _chx_without_maps(file: Hdf5File) -> bool:
    return file.has("qval_dict") and file.has("g2")


def _frames(file: Hdf5File) -> bool:
    return any(file.has(place) for place in ("entry/data/data", "entry/data/data_000001", "exchange/data"))


_LAYOUTS: Mapping[str, tuple[Callable[[Hdf5File], bool], str]] = {
    "a result file of ESRF ID02 without two-time maps": (_id02, _TWO_TIME),
    "a multi-tau result of APS 8-ID of before 2025": (_aps_legacy_multi_tau, _TWO_TIME),
    "a multi-tau result in NXxpcs": (_nexus_multi_tau, _TWO_TIME),
    "a result file of NSLS-II CHX without g12b": (_chx_without_maps, _TWO_TIME),
    "frames of a detector": (_frames, _FRAMES),
}
