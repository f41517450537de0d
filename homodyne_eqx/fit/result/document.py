"""A fit result as plain numbers, strings, lists and dictionaries: the content of `result.json`."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...versions import versions
from ..parameter import Parameter
from ..solve.minimum import Minimum
from ..verdict.verdict import Verdict


def document_of(result: Any) -> dict[str, Any]:
    """Everything that a `FitResult` says but the arrays of the data; infinity and NaN become `None`."""
    data = result.data
    sectors = None if data is None else [_plain(sector) for sector in result.sectors]
    return {
        "verdict": _finite(verdict_document(result.verdict)),
        "converged": result.converged,
        "ended": str(result.ended),
        "message": result.message,
        "chi2": _finite(result.chi2),
        "degrees_of_freedom": result.degrees_of_freedom,
        "reduced_chi2": _finite(result.reduced_chi2),
        "kernel": result.kernel,
        "loss": result.loss,
        "summary": [_finite(row.to_dict()) for row in result.summary()],
        "parameters": {name: _finite(fields_of(p)) for name, p in result.parameters.items()},
        "derived": {name: _finite(fields_of(p)) for name, p in result.derived.items()},
        "covariance": {"names": list(result.free_names), "matrix": _finite(result.covariance)},
        "white_noise_covariance": {
            "names": list(result.free_names),
            "matrix": _finite(result.white_noise_covariance),
        },
        "speckles": _finite(result.speckle_covariance.speckles),
        "photon_noise": _finite(result.speckle_covariance.photon_noise),
        "assumption": result.assumption,
        **_finite(weights_document(result)),
        "notes": list(result.notes),
        "minima": _finite(minima_document(result.minima)),
        "sectors": sectors,
        "reduced_chi2_of_sectors": None if sectors is None else [sector["reduced_chi2"] for sector in sectors],
        "iterations": len(result.history),
        "seconds": dict(result.seconds),
        "seconds_spent": dict(result.seconds_spent),
        "model": result.equation,
        "data": None if data is None else {"repr": repr(data), **_plain(data.provenance)},
        "excluded": None if data is None else _plain(data.excluded),
        "versions": versions(),
    }


def weights_document(result: Any) -> dict[str, Any]:
    """Weights, guard and both estimates as plain values."""
    guard = None if result.guard is None else dict(vars(result.guard))
    estimates = {
        kind: {"names": list(each.names), "values": each.values.tolist(), "covariance": each.covariance.tolist()}
        for kind, each in result.estimates.items()
    }
    return {"weights": result.weights, "guard": guard, "estimates": estimates}


def minima_document(minima: tuple[Minimum, ...]) -> list[dict[str, Any]]:
    """Minima as plain values."""
    return [{**vars(each), "parameters": dict(each.parameters), "ended": str(each.ended)} for each in minima]


def fields_of(parameter: Parameter) -> dict[str, Any]:
    """A parameter as plain values, its uncertainty worked out."""
    fields = {name: value for name, value in vars(parameter).items() if name != "spread"}
    prior = None if parameter.prior is None else parameter.prior.to_dict()
    return {**fields, "prior": prior, "uncertainty": parameter.uncertainty}


def verdict_document(verdict: Verdict) -> dict[str, Any]:
    """A verdict as plain values."""
    return {
        **vars(verdict),
        "remedies": [_plain(each) for each in verdict.remedies],
        "findings": [
            {**vars(each), "kind": each.kind.name.lower(), "remedies": [_plain(r) for r in each.remedies]}
            for each in verdict.findings
        ],
    }


def json_text(document: Mapping[str, Any], ascii_only: bool = False) -> str:
    """The document as JSON, indented. `ascii_only`: other characters as \\u03c7 and the like, for any terminal."""
    return json.dumps(_finite(document), indent=2, ensure_ascii=ascii_only, allow_nan=False) + "\n"


def _plain(x: Any) -> dict[str, Any]:
    return {name: _finite(value) for name, value in vars(x).items()}


def _finite(x: Any) -> Any:
    """The value in types of JSON: None for infinity and NaN, plain lists, dictionaries and numbers."""
    if isinstance(x, Mapping):
        return {str(name): _finite(value) for name, value in x.items()}
    if isinstance(x, np.generic | np.ndarray):
        x = x.tolist()
    if isinstance(x, list | tuple):
        return [_finite(value) for value in x]
    if isinstance(x, float) and not math.isfinite(x):
        return None
    return str(x) if isinstance(x, Path) else x
