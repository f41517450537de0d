"""Reader of an `.npy` file, which holds the maps and nothing else."""

from pathlib import Path

import numpy as np

from ..npy_arrays import is_npy, read_npy
from ..recording import Reader, Recording
from .named_arrays import OPTIONS, recording_of, sectors_first


def missing(path: Path) -> tuple[str, ...]:
    """The parts of the layout that the file lacks."""
    return () if is_npy(path) else ("the signature of an .npy file",)


def read(
    path: Path,
    *,
    dt: float | None = None,
    first_frame: int | None = None,
    sector_q: np.ndarray | None = None,
    sector_phi: np.ndarray | None = None,
) -> Recording:
    """One map or a stack of them, in memory; `dt` (s) and `sector_q` (Å⁻¹) have to be given.

    **Arguments:** `first_frame`: frame of the maps, counted from 0, at which they start; `sector_phi`: degrees.

    **Raises:** as `recording_of`; `InvalidFile` for what is no stack of maps; `TooLarge`.
    """
    maps = sectors_first(path, path.name, read_npy(path))
    return recording_of(path, maps, {}, dt, first_frame, sector_q, sector_phi)


READER = Reader("npy", ".npy of maps alone", missing, read, OPTIONS, one_value_states=True)
