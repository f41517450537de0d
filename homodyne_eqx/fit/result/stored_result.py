"""A fit result in a folder, and back: `result.json` and `curves.csv` to read, `result.h5` with all of it."""

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, final

import jax.numpy as jnp
import numpy as np

from ...data import OneTimeData, PairData, TwoTimeData
from ...data.result_file import ResultArrays, ResultFile, load_result_arrays, save_result_arrays
from ...data.selection import sector_arrays
from ...physics.model import TwoTimeModel
from ...physics.parameter_names import named_leaves, names_by_path
from ..parameter import Parameter, Parameters
from ..priors.prior import prior_of
from ..solve.ended import Ended
from ..solve.minimise import Iteration
from ..solve.minimum import Minimum
from ..uncertainty.speckle_covariance import SpeckleCovariance
from ..verdict.finding import Finding, Kind
from ..verdict.verdict import Verdict
from ..weighted.estimate import INDEPENDENT, Estimate, Guard
from .curves_table import curves_csv
from .derived import Curve
from .document import document_of, fields_of, json_text, minima_document, verdict_document, weights_document
from .model_description import describe, filled, rebuilt, unknown_places
from .sectors import SectorFit, SectorMaps
from .summary_row import Remedy

JSON, HDF5, CURVES = "result.json", "result.h5", "curves.csv"
_VERSION = 2


@final
@dataclass(frozen=True)
class StoredView:
    """The maps of a result as its file holds them, model and residual in float32."""

    file: ResultFile

    def maps(self, k: int) -> SectorMaps:
        """Data, model and residual of sector `k`. **Raises:** `IndexError` for a sector that does not exist."""
        if not 0 <= k < self.file.arrays.n_sector:
            raise IndexError(f"There is no sector {k}; expected 0 to {self.file.arrays.n_sector - 1}.")
        return SectorMaps(*self.file.maps(k))

    def each_map(self) -> Iterator[SectorMaps]:
        """The maps of one sector after the other; no more than one is in memory."""
        return map(self.maps, range(self.file.arrays.n_sector))


def write_result(result: Any, folder: Path, more: Mapping[str, Any]) -> None:
    """The files of a `FitResult` into an existing folder; every map is computed once. `more`: further values for the
    JSON file."""
    arrays: list[np.ndarray] = []
    pairs = isinstance(result.data, PairData | OneTimeData)
    description = describe(result.model, arrays)
    save_result_arrays(
        folder / HDF5,
        _arrays_of(result),
        () if result.data is None or pairs else result.each_map(),
        data=result.data,
        fitted_pairs=result.fitted_pairs if pairs else None,
        model_arrays=arrays,
        record=lambda: {"version": _VERSION, "model": description, **_record_of(result)},
        overwrite=True,
    )
    (folder / JSON).write_text(json_text({**document_of(result), **more}), encoding="utf-8")
    if (curves := result.curves()) and not isinstance(result.data, OneTimeData):
        (folder / CURVES).write_text(curves_csv(curves), encoding="utf-8")


def read_result(path: Path, model: TwoTimeModel | None, to_view: bool = False) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of the `FitResult` that was written to a folder, and what had been computed of it.

    **Arguments:** `path`: the folder, or its `result.h5`; `model`, `to_view`: as of `FitResult.load`.

    **Raises:** as `FitResult.load`.
    """
    file = load_result_arrays(_file_in(path))
    record = file.record()
    if record["version"] > _VERSION:
        raise ValueError(
            f"{file.path} was written by a later version of homodyne_eqx (format {record['version']}; this one reads "
            f"{_VERSION}). Update homodyne_eqx."
        )
    if record["version"] < _VERSION:
        raise ValueError(
            f"{file.path} was written by an earlier version of homodyne_eqx, whose uncertainties were those of white "
            "noise. Fit again."
        )
    fitted = rebuilt(record["model"], file.model_arrays(), True) if to_view else _model_of(record["model"], file, model)
    parameters = {each["name"]: _parameter_of(each) for each in record["parameters"]}
    fields = {
        "model": fitted,
        "parameters": Parameters(parameters, names_by_path(named_leaves(fitted))),
        "ended": Ended(record["ended"]),
        **{name: record[name] for name in ("chi2", "kernel", "seconds", "loss", "assumption")},
        "degrees_of_freedom": file.arrays.degrees_of_freedom,
        "white_noise_covariance": file.arrays.white_noise_covariance,
        "spread": partial(_speckle_covariance_of, record["speckle_covariance"], file.arrays),
        "sentences": partial(str, record["message"]),
        "judgement": partial(_verdict_of, record["verdict"]),
        "averages": partial(list, map(_parameter_of, record["derived"])),
        "rates": partial(dict, {name: _curve_of(each) for name, each in record["curves"].items()}),
        "history": tuple(
            Iteration(**step, parameters=parameters)
            for step, parameters in zip(record["history"], file.arrays.history, strict=True)
        ),
        "notes": tuple(record["notes"]),
        "minima": tuple(Minimum(**{**each, "ended": Ended(each["ended"])}) for each in record.get("minima", [])),
        "data": file.data(),
        **_weights_of(record),
    }
    computed: dict[str, Any] = {"equation": file.arrays.attributes["model"]} if to_view else {}
    if record["sectors"] is not None:
        computed["sectors"] = tuple(SectorFit(**s) for s in record["sectors"])
        if to_view and isinstance(fields["data"], TwoTimeData):
            computed["_view"] = StoredView(file)
        elif to_view:
            computed["fitted_pairs"] = file.fitted_pairs()
    return fields, computed


def _record_of(result: Any) -> dict[str, Any]:
    """The parts of a result that the arrays of the file hold not at all, or not in full."""
    return {
        "parameters": [fields_of(p) for p in result.parameters.values()],
        **{name: getattr(result, name) for name in ("chi2", "message", "kernel", "loss", "assumption")},
        "verdict": verdict_document(result.verdict),
        "speckle_covariance": {
            name: np.asarray(getattr(result.speckle_covariance, name)).tolist()
            for name in ("speckles", "photon_noise", "white", "notes")
        },
        "ended": str(result.ended),
        "derived": [fields_of(p) for p in result.derived.values()],
        "curves": {name: _lists_of(curve) for name, curve in result.curves().items()},
        "history": [{n: v for n, v in vars(step).items() if n != "parameters"} for step in result.history],
        "seconds": dict(result.seconds),
        "notes": list(result.notes),
        "minima": minima_document(result.minima),
        **weights_document(result),
        "sectors": None if result.data is None else [vars(sector) for sector in result.sectors],
    }


def _parameter_of(stored: Mapping[str, Any]) -> Parameter:
    fields = {"spread" if name == "uncertainty" else name: value for name, value in stored.items()}
    return Parameter(**{**fields, "prior": prior_of(fields.get("prior"))})


def _speckle_covariance_of(stored: Mapping[str, Any], arrays: ResultArrays) -> SpeckleCovariance:
    return SpeckleCovariance(
        names=tuple(arrays.free_names),
        covariance=arrays.covariance,
        white_noise_covariance=arrays.white_noise_covariance,
        speckles=np.array(stored["speckles"], float),
        photon_noise=np.array(stored["photon_noise"], float),
        white=np.array(stored["white"], bool),
        notes=tuple(stored["notes"]),
    )


def _verdict_of(stored: Mapping[str, Any]) -> Verdict:
    def remedies(of: Mapping[str, Any]) -> tuple[Remedy, ...]:
        return tuple(Remedy(each["action"], tuple(each["names"])) for each in of["remedies"])

    findings = tuple(
        Finding(**{**each, "kind": Kind[each["kind"].upper()], "remedies": remedies(each)})
        for each in stored["findings"]
    )
    return Verdict(**{**stored, "remedies": remedies(stored), "findings": findings})


def _weights_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of these names; of a result of former versions, which had equal weights alone, none."""
    guard = record.get("guard")
    estimates = {
        kind: Estimate(tuple(each["names"]), np.array(each["values"], float), np.array(each["covariance"], float))
        for kind, each in record.get("estimates", {}).items()
    }
    return {
        "weights": record.get("weights", INDEPENDENT),
        "guard": None if guard is None else Guard(**guard),
        "estimates": estimates,
    }


def _lists_of(curve: Curve) -> dict[str, Any]:
    return {name: x.tolist() if isinstance(x, np.ndarray) else x for name, x in vars(curve).items()}


def _curve_of(stored: Mapping[str, Any]) -> Curve:
    return Curve(**{name: np.array(x, float) if isinstance(x, list) else x for name, x in stored.items()})


def _arrays_of(result: Any) -> ResultArrays:
    """The arrays of `result.h5` for reading, beside the maps."""
    parameters, steps, data = list(result.parameters.values()), result.history, result.data
    source = {} if data is None else {"input": data.provenance.path or "", "input_sha256": data.provenance.sha256 or ""}
    return ResultArrays(
        **_places_of(data),
        names=tuple(p.name for p in parameters),
        units=tuple(p.unit for p in parameters),
        values=np.array([p.value for p in parameters]),
        uncertainties=np.array([p.uncertainty for p in parameters]),
        free_names=result.free_names,
        scaling_names=tuple(p.name for p in parameters if p.of_scaling),
        covariance=result.covariance,
        white_noise_covariance=result.white_noise_covariance,
        chi2=np.array([step.chi2 for step in steps]),
        expected_decrease=np.array([step.expected_decrease for step in steps]),
        elapsed=np.array([step.elapsed for step in steps]),
        history=np.array([step.parameters for step in steps]),
        degrees_of_freedom=result.degrees_of_freedom,
        attributes={
            "kernel": result.kernel,
            "chi2": result.chi2,
            "converged": result.converged,
            "message": result.message,
            "model": result.equation,
            **source,
        },
    )


def _places_of(data: TwoTimeData | PairData | OneTimeData | None) -> dict[str, Any]:
    """q, azimuth, gap, times and noise of the sectors."""
    if data is None:
        return {**dict.fromkeys(("q", "t", "sigma"), np.zeros(0)), "phi": None, "gap": None}
    q, phi = sector_arrays(data.geometry)
    if isinstance(data, TwoTimeData):
        sigma = data.sigma if data.sigma.ndim == 1 else np.array([np.nanmedian(s) for s in data.sigma])
    else:
        pairs = data.pairs
        used = [(pairs.sector == k) & ~pairs.left_out for k in range(data.n_sector)]
        sigma = np.array([np.median(pairs.sigma[here]) for here in used])
    gap = None if data.geometry.gap is None else np.asarray(data.geometry.gap, float)
    return {"q": q, "phi": phi, "gap": gap, "t": np.asarray(data.geometry.t, float), "sigma": np.asarray(sigma, float)}


def _file_in(path: Path) -> Path:
    if path.suffix == ".json":
        raise ValueError(
            f"{path} holds the numbers of a result alone; expected the folder that FitResult.save(folder) or "
            f"`homodyne-eqx fit --output` wrote, or its {HDF5}."
        )
    if not path.exists():
        raise FileNotFoundError(f"There is no {path} (looked in {path.parent.absolute()}).")
    if not path.is_dir():
        return path
    if not (path / HDF5).is_file():
        raise FileNotFoundError(
            f"{path} holds no {HDF5}; expected a folder that FitResult.save(folder) or `homodyne-eqx fit --output` "
            "wrote."
        )
    return path / HDF5


def _model_of(description: Any, file: ResultFile, template: TwoTimeModel | None) -> TwoTimeModel:
    arrays = file.model_arrays()
    if template is None:
        unknown = list(unknown_places(description))
        if unknown:
            raise ValueError(
                f"{file.path} holds the numbers of the model, but not {', '.join(unknown)}. Pass a model of the same "
                "structure, as the fit had it, whose numbers are then replaced: FitResult.load(folder, model=…)."
            )
        model = rebuilt(description, arrays)
    else:
        model = filled(template, description, arrays)
    if not isinstance(model, TwoTimeModel):
        raise ValueError(f"{file.path} describes a {type(model).__name__}; expected a TwoTimeModel.")
    if jnp.result_type(float) != np.float64 and any(x.dtype == np.float64 for x in arrays):
        warnings.warn(
            f"The model in {file.path} is in float64, and this session computes in float32: its arrays are rounded, "
            'the parameters and the summary are not. Call jax.config.update("jax_enable_x64", True) first.',
            stacklevel=4,
        )
    return model
