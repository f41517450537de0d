"""Reader of an `.npz` file of plain arrays."""

from pathlib import Path

import numpy as np

from ..npy_arrays import npz_names, read_npz, starts_as_zip
from ..recording import Reader, Recording
from .named_arrays import NAMES, OPTIONS, found_names, not_read, recording_of, sectors_first


def missing(path: Path) -> tuple[str, ...]:
    """The parts of the layout that the file lacks."""
    names = npz_names(path)
    if names is None:
        return ("a readable ZIP directory" if starts_as_zip(path) else "the ZIP signature of an .npz file",)
    return () if names & {*NAMES["c2"]} else (f"an array named {' or '.join(NAMES['c2'])}",)


def read(
    path: Path,
    *,
    dt: float | None = None,
    first_frame: int | None = None,
    sector_q: np.ndarray | None = None,
    sector_phi: np.ndarray | None = None,
) -> Recording:
    """Arrays named c2 (or C2, c2_exp, ttc), q, phi, dt or t; all in memory.

    **Arguments:** `dt`: time between two frames, s; `first_frame`: frame of the maps, counted from 0, at which they
    start; `sector_q` (Å⁻¹), `sector_phi` (degrees): of all sectors or of each. Each instead of the one in the file.

    **Raises:** as `recording_of`; `InvalidFile` for what is no stack of maps; `TooLarge`.
    """
    there = npz_names(path) or set()
    names = found_names(path, there)
    arrays = {what: read_npz(path, name) for what, name in names.items()}
    maps = sectors_first(path, names["c2"], arrays.pop("c2"))
    return recording_of(path, maps, arrays, dt, first_frame, sector_q, sector_phi, not_read(there))


READER = Reader("npz", ".npz of plain arrays", missing, read, OPTIONS, one_value_states=True)
