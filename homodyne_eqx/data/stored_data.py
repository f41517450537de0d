"""Two-time data within the HDF5 file of a fit: they come back as they were, their maps read one at a time."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import numpy as np

from ..physics.geometry import Geometry
from .hdf5 import opened_for_reading
from .provenance import Provenance
from .two_time import MASKS, TwoTimeData

C2 = "maps/c2"
_GROUP = "data"


@final
@dataclass(frozen=True)
class StoredMaps:
    """The maps of a written result, read from the file one sector at a time."""

    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype

    def __getitem__(self, k: int) -> np.ndarray:
        if not self.path.is_file():
            raise FileNotFoundError(
                f"The maps were to be read from {self.path}, which is gone. Read the result again with FitResult.load, "
                "or take the maps into memory first with data.in_memory()."
            )
        with opened_for_reading(self.path) as file:
            return np.asarray(file[C2][k])


def write_data(file: Any, data: TwoTimeData) -> None:
    """All of the data but `c2` into an open file, every array in its own dtype."""
    geometry = data.geometry
    for name in ("q", "gap", "phi", "t", "dt"):
        value = getattr(geometry, name)
        if value is not None:
            stored = file.create_dataset(f"{_GROUP}/{name}", data=np.asarray(value))
            # A Python number takes the precision of what it meets; as an array of its own dtype it would not.
            stored.attrs["python_number"] = bool(getattr(value, "weak_type", False))
    every_step_dt = bool(np.all(np.asarray(geometry.intervals) == np.asarray(geometry.dt)))
    file[_GROUP].attrs["every_step_dt"] = every_step_dt
    for name in ("sigma", *MASKS):
        values = getattr(data, name)
        if values is not None:
            packed = {"compression": "lzf", "chunks": (1, *values.shape[1:])} if values.ndim == 3 else {}
            file.create_dataset(f"{_GROUP}/{name}", data=values, **packed)
    file[_GROUP].attrs["sigma_source"] = data.sigma_source
    provenance = {**vars(data.provenance), "metadata": plain(data.provenance.metadata)}
    file[f"{_GROUP}/provenance"] = json.dumps(provenance, ensure_ascii=False)


def read_data(path: Path) -> TwoTimeData | None:
    """The data in the file of a result, maps left in the file; `None` where it holds none."""
    with opened_for_reading(path) as file:
        if _GROUP not in file or C2 not in file:
            return None
        group = file[_GROUP]
        c2 = StoredMaps(path.absolute(), tuple(file[C2].shape), file[C2].dtype)
        of = {name: _number_or_array(group[name]) for name in ("q", "gap", "phi", "t", "dt") if name in group}
        if not group.attrs["every_step_dt"]:
            del of["dt"]
        sigma, *masks = (np.asarray(group[name]) if name in group else None for name in ("sigma", *MASKS))
        found = json.loads(group["provenance"].asstr()[()])
        source = str(group.attrs["sigma_source"])
    provenance = Provenance(
        path=found["path"],
        format=found["format"],
        sha256=found["sha256"],
        frames=None if found["frames"] is None else tuple(found["frames"]),
        notes=tuple(found["notes"]),
        metadata=unplain(found["metadata"]),
        steps=tuple(found["steps"]),
        frames_each=found["frames_each"],
    )
    of_masks = dict(zip(MASKS, masks, strict=True))
    return TwoTimeData(c2, Geometry(**of), sigma, provenance=provenance, sigma_source=source, **of_masks)


def _number_or_array(dataset: Any) -> Any:
    values = np.asarray(dataset[()])
    return float(values.flat[0]) if dataset.attrs["python_number"] else values


def plain(x: Any) -> Any:
    """The value in types of JSON, arrays and NumPy numbers with their dtype; other values become their text."""
    if x is None or isinstance(x, bool | int | str) or type(x) is float:
        return x
    if isinstance(x, np.ndarray | np.generic) and x.dtype.kind in "biuf":
        return {"dtype": str(x.dtype), "values": x.tolist(), "scalar": isinstance(x, np.generic)}
    if isinstance(x, list | tuple):
        return [plain(each) for each in x]
    if isinstance(x, Mapping):
        return {"items": {str(name): plain(value) for name, value in x.items()}}
    return str(x)


def unplain(x: Any) -> Any:
    if isinstance(x, list):
        return [unplain(each) for each in x]
    if isinstance(x, dict) and "items" in x:
        return {name: unplain(value) for name, value in x["items"].items()}
    if isinstance(x, dict):
        array = np.asarray(x["values"], x["dtype"])
        return array[()] if x["scalar"] else array
    return x
