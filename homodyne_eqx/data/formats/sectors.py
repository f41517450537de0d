"""q and azimuth of each sector, as the caller gives them or as a file lists them."""

from collections.abc import Sequence

import numpy as np

from ..errors import WrongShape
from ..hdf5_file import Hdf5File
from .reader_options import ReaderOption

SECTOR_Q = ReaderOption(
    "sector_q",
    float,
    "Q",
    "q of the sectors, if the file lacks it or states a wrong one: one value for all, or one for each, with commas.",
    "q",
    many=True,
)
SECTOR_PHI = ReaderOption(
    "sector_phi",
    float,
    "DEGREES",
    "Azimuth of the sectors, if the file lacks it or states a wrong one: one value for all, or one for each, with "
    "commas.",
    "angle",
    many=True,
)


def note_without_unit(file: Hdf5File, name: str, what: str) -> tuple[str, ...]:
    """A note where a list of q or phi has no unit."""
    unit = {"q": "Å⁻¹", "phi": "degrees"}[what]
    return () if file.unit(name) is not None else (f"{what} of the file taken in {unit}, since it states no unit",)


def of_each_sector(option: str, given: Sequence[float] | np.ndarray, n_sector: int) -> np.ndarray:
    """The given values, one for each sector, `(n_sector,)`.

    **Raises:** `WrongShape` unless it is one value, or one for each sector.
    """
    values = np.ravel(np.asarray(given, np.float64))
    if values.size not in (1, n_sector):
        raise WrongShape(option, values.shape, f"one value, or one for each of the {n_sector} sectors of the file")
    return np.broadcast_to(values, (n_sector,)).copy()
