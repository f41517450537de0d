"""Reader of a `.mat` file of MATLAB, up to version 7 and of version 7.3, which is an HDF5 file."""

from pathlib import Path
from typing import Any

import numpy as np

from ...hdf5 import is_hdf5
from ...hdf5_file import Hdf5File, hdf5_file
from ..hdf5_maps import Hdf5Maps, maps_of_one_array
from ..recording import Reader, Recording
from .mat_file import mat_variables, read_mat
from .named_arrays import NAMES, OPTIONS, found_names, not_read, recording_of, sector_axis, sectors_first

_OLD, _NEW = b"MATLAB 5.0 MAT-file", b"MATLAB 7.3 MAT-file"


def missing(path: Path) -> tuple[str, ...]:
    """The parts of the layout that the file lacks."""
    names = _names(path)
    if names is None:
        return ("the signature of a .mat file",)
    return () if names & {*NAMES["c2"]} else (f"a variable named {' or '.join(NAMES['c2'])}",)


def read(
    path: Path,
    *,
    dt: float | None = None,
    first_frame: int | None = None,
    sector_q: np.ndarray | None = None,
    sector_phi: np.ndarray | None = None,
) -> Recording:
    """Variables named c2 (or C2, c2_exp, ttc), q, phi, dt or t. Of version 7.3 the maps are read one at a time.

    **Arguments:** `dt`: time between two frames, s; `first_frame`: frame of the maps, counted from 0, at which they
    start; `sector_q` (Å⁻¹), `sector_phi` (degrees): of all sectors or of each. Each instead of the one in the file.

    **Raises:** as `recording_of`; `InvalidFile` for what is no stack of maps; `TooLarge`.
    """
    there = _names(path) or set()
    names = found_names(path, there)
    if is_hdf5(path):
        with hdf5_file(path) as file:
            maps: Any = _maps(file, path, names.pop("c2"))
            arrays = {what: file.array(name).T for what, name in names.items()}
    else:
        variables = mat_variables(path)
        arrays = {what: read_mat(path, variables[name]) for what, name in names.items()}
        maps = sectors_first(path, names["c2"], arrays.pop("c2"))
    return recording_of(path, maps, arrays, dt, first_frame, sector_q, sector_phi, not_read(there))


def _names(path: Path) -> set[str] | None:
    """Names of the variables; `None` for a file that is no `.mat` file."""
    with path.open("rb") as file:
        start = file.read(len(_OLD))
    if start == _OLD:
        return set(mat_variables(path))
    if not is_hdf5(path):
        return None
    with hdf5_file(path) as file:
        names = set(file.names(""))
        of_matlab = start == _NEW or any(file.attribute(name, "MATLAB_class") for name in names & {*NAMES["c2"]})
        return names if of_matlab else None


def _maps(file: Hdf5File, path: Path, name: str) -> Hdf5Maps:
    """The stack in a file of version 7.3, which stores the axes of MATLAB in the reverse order: the sectors, which are
    last there, come first; for a map, whose two frames may be exchanged, it makes no difference."""
    axis = sector_axis(path, name, file.dataset(name).shape)
    return maps_of_one_array(file, name, -1 if axis == -1 else 0)


READER = Reader("mat", ".mat of plain arrays (MATLAB)", missing, read, OPTIONS, one_value_states=True)
