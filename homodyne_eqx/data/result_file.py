"""The HDF5 file of a fit: data, model and residual of every sector, covariance and history, with units; and beside
these, which are for reading, the record from which the result comes back."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, final

import numpy as np

from .hdf5 import is_hdf5, require_h5py
from .one_time_data import OneTimeData
from .pair_data import PairData
from .stored_data import C2, read_data, write_data
from .stored_pairs import FittedPairs, read_fitted_pairs, read_pairs, write_pairs
from .two_time import TwoTimeData
from .whole_file import whole_file

KIND = "homodyne_eqx fit result"
"""The value of the attribute `kind` in such a file."""
_MAPS = (C2, "maps/model", "maps/residual")
WITHOUT_MAPS = "The fit was given packed data; fit the TwoTimeData themselves."
_RECORD, _MODEL = "record", "model"
_UNITS = {"q": "Å⁻¹", "phi": "deg", "gap": "Å", "t": "s", "elapsed": "s", "residual": "sigma"}


@final
@dataclass(frozen=True, eq=False)
class ResultArrays:
    """The stored result of a fit, without maps.

    - `q` (Å⁻¹), `phi` (degrees or `None`), `gap` (Å or `None`): `(n_sector,)`; `t` (s): `(n_t,)`; q, t and sigma are
      empty where the fit had no maps (packed data);
    - `sigma`: `(n_sector,)`, or the median of each sector's where it differs from pixel to pixel;
    - `names`, `units`, `values`, `uncertainties`: of every parameter, in the order of the model;
    - `scaling_names`: those of contrast and offset; `free_names` and `covariance` `(n_free, n_free)`, for the noise of
      finitely many speckles; `white_noise_covariance`: for independent noise;
    - `chi2`, `expected_decrease`, `elapsed` (s): `(n_step,)`, and `history` `(n_step, n_free)`: the steps of the fit;
    - `degrees_of_freedom`; `attributes`: how it ended, kernel, model, input file, versions: strings and numbers.
    """

    q: np.ndarray
    phi: np.ndarray | None
    gap: np.ndarray | None
    t: np.ndarray
    sigma: np.ndarray
    names: tuple[str, ...]
    units: tuple[str, ...]
    values: np.ndarray
    uncertainties: np.ndarray
    free_names: tuple[str, ...]
    covariance: np.ndarray
    chi2: np.ndarray
    expected_decrease: np.ndarray
    elapsed: np.ndarray
    history: np.ndarray
    degrees_of_freedom: int
    attributes: Mapping[str, Any] = field(default_factory=dict)
    scaling_names: tuple[str, ...] = ()
    white_noise_covariance: np.ndarray | None = None

    @property
    def n_sector(self) -> int:
        return len(self.q)

    @property
    def n_t(self) -> int:
        return len(self.t)


_IN_GROUP = {
    "geometry": ("q", "phi", "gap", "t", "sigma"),
    "parameters": (
        "names",
        "units",
        "values",
        "uncertainties",
        "free_names",
        "scaling_names",
        "covariance",
        "white_noise_covariance",
    ),
    "history": ("chi2", "expected_decrease", "elapsed", "history"),
}


@final
@dataclass(frozen=True, eq=False)
class ResultFile:
    """A written result: its arrays in memory, its maps in the file, read one sector at a time."""

    path: Path
    arrays: ResultArrays

    def maps(self, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Data, model and residual (data − model)/σ of sector `k`, each `(n_t, n_t)`.

        The residual is NaN where a pixel does not count, the diagonal included.

        **Raises:** `ValueError` where the fit had no maps.
        """
        with require_h5py().File(self.path, "r") as file:
            if C2 not in file:
                raise ValueError(f"{self.path} holds no maps. {WITHOUT_MAPS}")
            c2, model, residual = (np.asarray(file[name][k]) for name in _MAPS)
        return c2, model, residual

    def record(self) -> dict[str, Any]:
        """The record from which the writer restores its result.

        **Raises:** `ValueError` for a file of a version that noted nothing.
        """
        with require_h5py().File(self.path, "r") as file:
            if _RECORD not in file:
                raise ValueError(
                    f"{self.path} was written by a version that kept no model. Its arrays can be read; to get a result "
                    "back, fit again."
                )
            return json.loads(file[_RECORD].asstr()[()])

    def model_arrays(self) -> list[np.ndarray]:
        """The arrays of the model, in the order in which they were given."""
        with require_h5py().File(self.path, "r") as file:
            return [np.asarray(file[f"{_MODEL}/{k}"][()]) for k in range(len(file.get(_MODEL, ())))]

    def data(self) -> TwoTimeData | PairData | OneTimeData | None:
        """The data that were fitted, as they were; maps stay in the file. `None` where packed data were fitted."""
        pairs = read_pairs(self.path)
        return read_data(self.path) if pairs is None else pairs

    def fitted_pairs(self) -> FittedPairs | None:
        """Every value of pairs or one-time data beside the model; `None` where other data were fitted."""
        return read_fitted_pairs(self.path)


def save_result_arrays(
    path: str | PathLike[str],
    arrays: ResultArrays,
    maps: Iterable[tuple[np.ndarray, np.ndarray, np.ndarray]],
    *,
    data: TwoTimeData | PairData | OneTimeData | None = None,
    fitted_pairs: FittedPairs | None = None,
    model_arrays: Sequence[np.ndarray] = (),
    record: Callable[[], Mapping[str, Any]] | None = None,
    overwrite: bool = False,
) -> None:
    """Write a result, whole or not at all.

    **Arguments:**

    - `maps`: data, model and residual of one sector after the other, as in `ResultFile.maps`. The data keep their
      dtype, model and residual are stored as float32. No more than one sector is in memory.
    - `data`: what was fitted, to come back as it was; `fitted_pairs`: of pairs and one-time data, in the place of maps,
      every value beside the model; `model_arrays`: arrays of the model, any dtype of numbers;
    - `record`: gives what else the writer wants back, once all maps are written: numbers (NaN and infinity too),
      strings, lists and dictionaries.

    **Raises:** `FileExistsError`; `ValueError` where there are not as many maps as sectors.
    """
    h5py = require_h5py()
    with whole_file(path, overwrite) as partial, h5py.File(partial, "w") as file:
        file.attrs["kind"] = KIND
        file.attrs["degrees_of_freedom"] = arrays.degrees_of_freedom
        for name, value in arrays.attributes.items():
            file.attrs[name] = value
        for group, names in _IN_GROUP.items():
            for name in names:
                value = getattr(arrays, name)
                if value is None:
                    continue
                text = isinstance(value, tuple)
                stored = np.array(value, dtype=h5py.string_dtype()) if text else np.asarray(value, float)
                file[f"{group}/{name}"] = stored
                if name in _UNITS:
                    file[f"{group}/{name}"].attrs["unit"] = _UNITS[name]
        if isinstance(data, PairData | OneTimeData):
            assert fitted_pairs is not None
            write_pairs(file, data, fitted_pairs)
        else:
            _write_every_map(file, arrays, maps)
            if data is not None:
                write_data(file, data)
        for k, values in enumerate(model_arrays):
            file[f"{_MODEL}/{k}"] = values
        if record is not None:
            file[_RECORD] = json.dumps(record(), ensure_ascii=False)


def _write_every_map(file: Any, arrays: ResultArrays, maps: Iterable[tuple[np.ndarray, ...]]) -> None:
    """**Raises:** `ValueError` where there are not as many maps as sectors."""
    if arrays.n_sector:
        _write_coordinates(file, arrays)
    written = _write_maps(file, (arrays.n_sector, arrays.n_t, arrays.n_t), maps)
    if written != arrays.n_sector:
        raise ValueError(f"{written} maps were given for {arrays.n_sector} sectors; expected one for each sector.")


def _write_coordinates(file: Any, arrays: ResultArrays) -> None:
    """The dimension scales of the maps, which lie beside them, and what differs from sector to sector."""
    group = file.create_group("maps")
    scales = {
        "sector": (np.arange(arrays.n_sector), "", "sector, from 0"),
        "t1": (arrays.t, "s", "time of the first frame"),
        "t2": (arrays.t, "s", "time of the second frame"),
    }
    for name, (values, unit, meaning) in scales.items():
        group[name] = values
        group[name].make_scale(name)
        group[name].attrs.update({"units": unit, "long_name": meaning})
    along = {"q": (arrays.q, "Å⁻¹", "scattering vector"), "phi": (arrays.phi, "deg", "azimuth")}
    for name, (values, unit, meaning) in along.items():
        if values is not None:
            group[name] = np.asarray(values, float)
            group[name].dims[0].attach_scale(group["sector"])
            group[name].attrs.update({"units": unit, "long_name": meaning})


def _write_maps(file: Any, shape: tuple[int, int, int], maps: Iterable[tuple[np.ndarray, ...]]) -> int:
    """Sector after sector into the open file. **Returns:** how many there were."""
    stacks, written = [], 0
    for k, of_sector in enumerate(maps):
        if not stacks:
            dtypes = (of_sector[0].dtype, np.float32, np.float32)
            layout = {"chunks": (1, *shape[1:]), "compression": "lzf", "shuffle": True}
            stacks = [
                file.create_dataset(name, shape, dtype, **layout) for name, dtype in zip(_MAPS, dtypes, strict=True)
            ]
            stacks[2].attrs["unit"] = _UNITS["residual"]
            for stack, meaning in zip(stacks, ("g2, data", "g2, model", "(data − model)/σ"), strict=True):
                stack.attrs["long_name"] = meaning
                stack.attrs["units"] = "1"
                stack.attrs["coordinates"] = " ".join(name for name in ("q", "phi") if name in file["maps"])
                for axis, name in enumerate(("sector", "t1", "t2")):
                    stack.dims[axis].attach_scale(file[f"maps/{name}"])
        for stack, values in zip(stacks, of_sector, strict=True):
            stack[k] = values
        written = k + 1
    return written


def load_result_arrays(path: str | PathLike[str]) -> ResultFile:
    """Open a file that `save_result_arrays` wrote.

    **Raises:** `FileNotFoundError`; `ValueError` for a file of another kind; `OSError` for a damaged one.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"There is no file {path} (looked in {path.parent.absolute()}).")
    if not is_hdf5(path):
        raise ValueError(f"{path} is no HDF5 file; expected the result.h5 of a fit.")
    with _opened(path) as file:
        if file.attrs.get("kind") != KIND:
            raise ValueError(f"{path} is an HDF5 file, but not the result of a fit; expected the result.h5 of a fit.")
        found: dict[str, Any] = {}
        for group, names in _IN_GROUP.items():
            for name in names:
                stored = file.get(f"{group}/{name}")
                if stored is not None and _is_text(stored):
                    found[name] = tuple(stored.asstr()[()].tolist())
                else:
                    found[name] = None if stored is None else np.asarray(stored[()])
        attributes = {k: v.item() if isinstance(v, np.generic) else v for k, v in file.attrs.items() if k != "kind"}
    found["scaling_names"] = found["scaling_names"] or ()
    dof = int(attributes.pop("degrees_of_freedom"))
    return ResultFile(path, ResultArrays(**found, degrees_of_freedom=dof, attributes=attributes))


def _opened(path: Path) -> Any:
    try:
        return require_h5py().File(path, "r")
    except OSError as error:
        raise OSError(f"{path} is damaged, it may have been cut short ({error}). Write the result again.") from error


def _is_text(dataset: Any) -> bool:
    """Whether a dataset holds strings."""
    return require_h5py().check_string_dtype(dataset.dtype) is not None
