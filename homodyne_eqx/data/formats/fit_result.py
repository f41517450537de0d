"""Reader of the data that a fit has left in its `result.h5`, to be fitted again by another model."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from ..errors import InvalidFile
from ..hdf5 import is_hdf5, require_h5py
from ..one_time_data import OneTimeData
from ..pair_data import PairData
from ..result_file import KIND
from ..stored_data import read_data
from ..stored_pairs import read_pairs
from ..two_time import sector_arrays
from .recording import Reader, Recording


def missing(path: Path) -> tuple[str, ...]:
    """The parts of the result of a fit that the file lacks."""
    if not is_hdf5(path):
        return ("the HDF5 signature",)
    with require_h5py().File(path, "r") as file:
        return () if file.attrs.get("kind") == KIND else (f"the attribute kind = {KIND!r}",)


def read(path: Path) -> Recording | PairData | OneTimeData:
    """The data of a fit as they were fitted: its selection of sectors and frames, sigma and mask.

    **Raises:** `InvalidFile` where packed data were fitted, of which the file holds none.
    """
    pairs = read_pairs(path)
    if pairs is not None:
        source = pairs.provenance
        before = (f"fitted before; from {source.path}",) if source.path else ("fitted before",)
        return replace(pairs, provenance=replace(source, notes=before))
    data = read_data(path)
    if data is None:
        raise InvalidFile(
            str(path), "it holds no data, since packed data were fitted. Read the file that they were packed from."
        )
    origin, (q, phi) = data.provenance, sector_arrays(data.geometry)
    uniform = bool(np.all(np.asarray(data.geometry.intervals) == np.asarray(data.geometry.dt)))
    return Recording(
        maps=data.c2,
        q=q,
        phi=phi,
        t=np.asarray(data.geometry.t, float),
        dt=float(data.geometry.dt) if uniform else None,
        gap=None if data.geometry.gap is None else np.asarray(data.geometry.gap, float),
        sigma=data.sigma,
        sigma_source=data.sigma_source,
        mask=data.mask,
        bad_frames=data.bad_frames,
        outliers=data.outliers,
        notes=(f"fitted before; from {origin.path}" if origin.path else "fitted before", *origin.steps),
        metadata=origin.metadata,
    )


READER = Reader("fit-result", "result.h5 of a fit", missing, read)
