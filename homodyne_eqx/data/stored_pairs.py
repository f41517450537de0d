"""Data of pairs and one-time data within the HDF5 file of a fit: they come back as they were."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple, final

import numpy as np

from ..physics.geometry import Geometry
from .hdf5 import opened_for_reading
from .one_time_data import OneTimeData
from .pair_data import PairData
from .provenance import Provenance
from .stored_data import plain, unplain

_GROUP = "pairs_given"
_FITTED = "pairs"
_KINDS = {"OneTimeData": OneTimeData, "PairData": PairData}
_UNITS = {"lag": "s", "age": "s", "residual": "sigma"}


@final
class FittedPairs(NamedTuple):
    """Every value of a fit to pairs or one-time data that counts, arrays of shape (n,).

    - `sector`: from 0; `lag`: time between the two frames, s; `age`: half-way between them, s, NaN for lags alone; of a
      mean over pairs those of their mean;
    - `data`, `model`, `sigma`: g2, dimensionless; `residual`: (data − model)/sigma.
    """

    sector: np.ndarray
    lag: np.ndarray
    age: np.ndarray
    data: np.ndarray
    model: np.ndarray
    sigma: np.ndarray
    residual: np.ndarray

    def of_sector(self, k: int) -> "FittedPairs":
        """The values of one sector."""
        return FittedPairs(*(x[self.sector == k] for x in self))


def write_pairs(file: Any, data: PairData | OneTimeData, fitted: FittedPairs) -> None:
    """The data, and all values beside the model, into an open file."""
    group = file.create_group(_GROUP)
    group.attrs["class"] = type(data).__name__
    for each in fields(data):
        value = getattr(data, each.name)
        if isinstance(value, Provenance):
            stored = {**vars(value), "metadata": plain(value.metadata)}
            group["provenance"] = json.dumps(stored, ensure_ascii=False)
        elif isinstance(value, Geometry):
            _write_geometry(group.create_group(each.name), value)
        elif isinstance(value, tuple):
            for k, matrix in enumerate(value):
                group[f"{each.name}/{k}"] = matrix
        elif value is not None:
            group[each.name] = value if isinstance(value, str) else np.asarray(value)
    for name, values in zip(FittedPairs._fields, fitted, strict=True):
        file[f"{_FITTED}/{name}"] = values
        if name in _UNITS:
            file[f"{_FITTED}/{name}"].attrs["unit"] = _UNITS[name]


def read_pairs(path: Path) -> PairData | OneTimeData | None:
    """The data in the file of a result; `None` where it holds none of these kinds."""
    with opened_for_reading(path) as file:
        if _GROUP not in file:
            return None
        group, found = file[_GROUP], {}
        kind = _KINDS[str(group.attrs["class"])]
        for each in fields(kind):
            stored = group.get(each.name)
            if stored is None:
                continue
            if each.name == "provenance":
                found[each.name] = _provenance(json.loads(stored.asstr()[()]))
            elif each.name == "geometry":
                found[each.name] = _read_geometry(stored)
            elif each.name == "covariances":
                found[each.name] = tuple(np.asarray(stored[str(k)]) for k in range(len(stored)))
            elif each.type is str:
                found[each.name] = stored.asstr()[()]
            else:
                found[each.name] = bool(stored[()]) if each.type is bool else np.asarray(stored[()])
        return kind(**found)


def read_fitted_pairs(path: Path) -> FittedPairs | None:
    """All values beside the model, as they were written; `None` where there are none."""
    with opened_for_reading(path) as file:
        if _FITTED not in file:
            return None
        return FittedPairs(*(np.asarray(file[f"{_FITTED}/{name}"]) for name in FittedPairs._fields))


def _write_geometry(group: Any, geometry: Geometry) -> None:
    for name in ("q", "gap", "phi", "t", "dt"):
        if getattr(geometry, name) is not None:
            group[name] = np.asarray(getattr(geometry, name))
    every_step_dt = bool(np.all(np.asarray(geometry.intervals) == np.asarray(geometry.dt)))
    group.attrs["every_step_dt"] = every_step_dt


def _read_geometry(group: Any) -> Geometry:
    of = {name: np.asarray(group[name][()]) for name in ("q", "gap", "phi", "t", "dt") if name in group}
    if not group.attrs["every_step_dt"]:
        del of["dt"]
    return Geometry(**of)


def _provenance(found: dict[str, Any]) -> Provenance:
    lists = {name: tuple(value) for name, value in found.items() if isinstance(value, list)}
    return Provenance(**{**found, **lists, "metadata": unplain(found["metadata"])})
