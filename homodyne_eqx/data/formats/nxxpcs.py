"""Reader of NXxpcs, the NeXus application definition of XPCS results."""

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..errors import MissingFrameTime, UnknownSectors
from ..hdf5 import is_hdf5
from ..hdf5_file import Hdf5File, hdf5_file
from .hdf5_maps import Hdf5Maps, maps_by_name, maps_of_one_array
from .reader_options import EXTERNAL, FIRST_FRAME, FRAME_TIME
from .recording import Reader, Recording
from .sectors import SECTOR_PHI, SECTOR_Q, note_without_unit, of_each_sector
from .times import NO_FIRST_FRAME, frame_times, stated_frame_time

_C2 = "twotime/two_time_corr_func"
_MASKS = "instrument/masks"
_KEY = re.compile(r".*?(\d{1,9})")
_CHOICES = {
    "storage_mode": ("one_array_q_first", "one_array_q_last", "data_exchange_keys"),
    "baseline_reference": ("0", "1"),
    "time_origin_location": ("upper_left", "lower_left"),
    "populated_elements": ("all", "upper_half", "lower_half"),
}


def missing(path: Path) -> tuple[str, ...]:
    """The parts of the layout that the file lacks."""
    if not is_hdf5(path):
        return ("the HDF5 signature",)
    with hdf5_file(path, external=True) as file:
        return () if _entry(file) is not None else (f"/entry/{_C2}",)


def read(
    path: Path,
    *,
    frame_time: float | None = None,
    first_frame: int | None = None,
    sector_q: np.ndarray | None = None,
    sector_phi: np.ndarray | None = None,
    external: bool | None = None,
) -> Recording:
    """Content of an NXxpcs file; the maps are read one at a time, when they are asked for.

    The attributes of `two_time_corr_func` say how it is stored: where the sectors are (`storage_mode`), whether full
    decorrelation is 0 or 1 (`baseline_reference`; 0 is raised to 1) and whether the first row or the last is the first
    frame (`time_origin_location`). Where one half is filled (`populated_elements`) the other is not looked at, unless
    the maps themselves show that it is the filled one. Map k belongs to the k-th value of `dynamic_q_list` and
    `dynamic_phi_list`. A frame of the maps is one of the detector: the definition has no stride.

    **Arguments:** `frame_time`: s, instead of the one of the detector; `first_frame`: detector frame, counted from 0,
    at which the maps start, 0 with a note unless given; `sector_q` (Å⁻¹), `sector_phi` (degrees): of all maps or of
    each; `external`: whether parts that lie in other files are read.

    **Raises:** `MissingFrameTime`, `WrongFrameTime`, `WrongFirstFrame`, `UnknownSectors`, `OutsideTheFile`;
    `InvalidFile` for the storage mode `other` and for anything that is missing or contradicts itself.
    """
    with hdf5_file(path, external) as file:
        entry = _entry(file)
        if entry is None:
            file.refuse(f"it has no /entry/{_C2}. Run the two-time analysis again.")
        maps, notes = _maps(file, f"{entry}/{_C2}")
        others = [name for name in file.names("") if name != entry and file.has(f"{name}/{_C2}")]
        notes += (f"the file holds other maps, which are not read: {_listed(others)}",) if others else ()
        q, q_notes = _of_sectors(file, f"{entry}/{_MASKS}/dynamic_q_list", "q", "sector_q", sector_q, maps.shape[0])
        phi, phi_notes = _of_sectors(
            file, f"{entry}/{_MASKS}/dynamic_phi_list", "angle", "sector_phi", sector_phi, maps.shape[0]
        )
        period, time_notes = _frame_time(file, entry, frame_time)
    if q is None:
        raise UnknownSectors(str(path), f"it has no /{entry}/{_MASKS}/dynamic_q_list.")
    if first_frame is None:
        time_notes += (NO_FIRST_FRAME,)
    return Recording(
        maps=maps,
        q=q,
        phi=None if phi is None or np.all(np.isnan(phi)) else phi,
        t=frame_times(path, maps.shape[1], period, 1.0, first_frame or 0),
        dt=period,
        notes=notes + q_notes + phi_notes + time_notes,
    )


def _entry(file: Hdf5File) -> str | None:
    """The first entry with two-time maps."""
    return next((name for name in file.names("") if file.has(f"{name}/{_C2}")), None)


def _maps(file: Hdf5File, name: str) -> tuple[Hdf5Maps, tuple[str, ...]]:
    said = {key: _stated(file, name, key) for key in _CHOICES}
    how = {
        "baseline": 1.0 if said["baseline_reference"] == "0" else 0.0,
        "flipped": said["time_origin_location"] == "lower_left",
        "unused": {"upper_half": "lower", "lower_half": "upper"}.get(said["populated_elements"]),
    }
    notes = ("baseline raised from 0 to 1",) if how["baseline"] else ()
    notes += ("rows put in the order of time: the file has its origin in the lower left",) if how["flipped"] else ()
    if said["storage_mode"] == "data_exchange_keys":
        keys = file.names(name)
        numbered = [key for key in keys if _KEY.fullmatch(key)]
        if numbered != keys:
            file.refuse(
                f"/{name} holds {_listed(set(keys) - set(numbered))}; expected maps whose names end in a number."
            )
        ordered = sorted(keys, key=lambda key: int(_KEY.fullmatch(key)[1]))  # pyright: ignore[reportOptionalSubscript]
        return maps_by_name(file, [f"{name}/{key}" for key in ordered], **how), notes
    axis = 0 if said["storage_mode"] == "one_array_q_first" else -1
    return maps_of_one_array(file, name, axis, **how), notes


def _stated(file: Hdf5File, name: str, key: str) -> str:
    """An attribute that has to be one of the choices of the definition."""
    value = file.one(name, key)
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    if value is None or text not in _CHOICES[key]:
        said = "missing" if value is None else repr(str(value)[:60])
        file.refuse(
            f"the attribute {key} of /{name} is {said}; expected {' or '.join(_CHOICES[key])}. Without it the maps "
            "cannot be told apart from others; correct it in the file."
        )
    return text


def _of_sectors(
    file: Hdf5File, name: str, quantity: str, option: str, given: np.ndarray | None, n_map: int
) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """q or phi of each map, as given or from a list of the file; `None` where there is none."""
    if given is not None:
        return of_each_sector(option, given, n_map), ()
    if not file.has(name):
        return None, ()
    values = file.numbers(name, finite=quantity == "q")
    if len(values) != n_map:
        raise UnknownSectors(
            file.path, f"/{name} has {len(values)} values for {n_map} maps; expected one for each map."
        )
    factor, note = file.factor(name, quantity)
    return values * factor, note + note_without_unit(file, name, "q" if quantity == "q" else "phi")


def _frame_time(file: Hdf5File, entry: str, given: float | None) -> tuple[float, tuple[str, ...]]:
    """The period of the only detector that states one."""
    places = [f"{entry}/instrument/{name}/frame_time" for name in file.names(f"{entry}/instrument")]
    found = [place for place in places if file.has(place)]
    if given is None and len(found) != 1:
        if found:
            file.refuse(f"{_listed(found)} all state a frame time; expected one detector. Write one detector only.")
        raise MissingFrameTime(file.path, f"{entry}/instrument/detector/frame_time")
    return stated_frame_time(file, found[0] if found else "", given)


def _listed(names: Sequence[str] | set[str]) -> str:
    return ", ".join(sorted(names)[:6])


READER = Reader("nxxpcs", "NXxpcs (NeXus)", missing, read, (FRAME_TIME, FIRST_FRAME, SECTOR_Q, SECTOR_PHI, EXTERNAL))
