"""A fit that was written to a folder, ready to be worked with: its model with all its functions, its data, its loss."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from ..engine.losses import AbstractLoss, Squares
from ..fit import FitResult
from ..fit.weighted.estimate import INDEPENDENT
from . import extensions, model_file
from .model_choice import LOSSES

_CONFIG, _HDF5 = "config.toml", "result.h5"


@final
@dataclass(frozen=True)
class StoredFit:
    """The folder of a result, the result with its model and data, and the loss that it was fitted with."""

    folder: Path
    result: FitResult
    loss: AbstractLoss


def stored_fit(path: Path) -> StoredFit:
    """The fit of a folder that `fit` wrote, or of its `result.h5`. The data are those in the folder: what has become of
    the file that was fitted does not matter.

    A model that holds functions comes from where the fit had it, its file or package.

    **Raises:** `FileNotFoundError` where there is no result; `ValueError` for a result that can only be viewed, one of
    speckle weights, and one of a robust loss that was not fitted by the command line; as `FitResult.load`.
    """
    folder = path if path.is_dir() else path.parent
    if path.is_dir() and not (path / _HDF5).is_file():
        raise FileNotFoundError(
            f"{path} holds no {_HDF5}, in which a fit keeps its data and its model. Fit again: homodyne-eqx fit FILE "
            f"--output {path}"
        )
    seen = FitResult.load(path, to_view=True)
    if seen.data is None:
        raise ValueError(f"{path} is the result of packed data, which it does not hold. Fit the file again.")
    if seen.weights != INDEPENDENT:
        raise ValueError(
            f"{path} was fitted with --weights {seen.weights}, and chi-squared is not least where that has ended. Fit "
            f"again with --weights {INDEPENDENT}."
        )
    loss = _loss(seen, folder)
    return StoredFit(folder, FitResult.load(path, model=_template(seen, folder)), loss)


def _settings(folder: Path) -> dict[str, Any]:
    """The settings in `config.toml` beside the result; empty if there is none."""
    path = folder / _CONFIG
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def _loss(result: FitResult, folder: Path) -> AbstractLoss:
    known = {kind.__name__: kind for kind in LOSSES.values()}
    if result.loss == Squares.__name__:
        return Squares()
    if result.loss not in known or not _settings(folder):
        raise ValueError(
            f"{folder} was fitted in Python with the loss {result.loss}, whose scale the folder does not hold. In "
            f"Python pass loss={result.loss}(…)."
        )
    return known[result.loss]()


def _template(result: FitResult, folder: Path) -> Any:
    """The model as the fit had it at its start where a file or a package made it, `None` where a result holds all."""
    name = str(_settings(folder).get("model", {}).get("name", ""))
    if model_file.is_in_file(name):
        return model_file.started(name, result.data).model  # pyright: ignore[reportArgumentType]
    entry = extensions.find(name) if name else None
    return None if entry is None else extensions.started(entry, result.data).model  # pyright: ignore[reportArgumentType]
