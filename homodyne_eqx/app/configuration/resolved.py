"""`config.toml` beside a result: the settings of its fit with everything that was chosen or estimated written out."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np

from ...data import Provenance
from ...versions import versions
from ..fit_settings import FitSettings
from ..map_models import MapModelName
from ..model_choice import ModelName, RatesName
from ..model_file import is_in_file
from .keys import SECTIONS

_HEAD = (
    "The settings of a fit, with the start values that were used. The same fit again:",
    "homodyne-eqx fit FILE --config config.toml --output DIR",
)
_OF_DOCUMENTED = ("kernel", "rates", "diffusion_rates", "shear_rates", "knots", "accumulation")
_WITH_CHOICES = (*ModelName, *MapModelName)
_NO_LIST = ("exclude_frames", "exclude_sectors")


def resolved_toml(
    file: Path,
    settings: FitSettings,
    choice: Any,
    start: Mapping[str, Any],
    fixed: Sequence[str],
    bounds: Mapping[str, tuple[float | None, float | None]],
    source: Provenance,
) -> str:
    """The text of the file. Fitting the same data with it starts from the same numbers, to the last bit.

    **Arguments:** `file`: what was read; `choice`: the model that was fitted; `start`: the start value of every
    parameter, numbers or arrays; `fixed`: names; `source`: of the data.
    """
    import tomlkit

    document = tomlkit.document()
    for line in _HEAD:
        document.add(tomlkit.comment(line))
    of_file = {"file": str(file.absolute()), "sha256": source.sha256, "layout": source.format}
    of_file |= {"steps": list(source.steps) or None, "homodyne_eqx": versions()["homodyne_eqx"]}
    document["input"] = _table(of_file)
    said = {**_settings(settings), "model": _model(str(choice.name)), "start_from": None}
    with_splines = RatesName.spline in (settings.rates, settings.diffusion_rates, settings.shear_rates)
    left_out = (() if with_splines else ("knots",)) if choice.name in _WITH_CHOICES else _OF_DOCUMENTED
    for section, keys in SECTIONS.items():
        values = {name: said.get(key.option) for name, key in keys.items() if key.option and name not in left_out}
        if any(value is not None for value in values.values()):
            document[section] = _table(values)
    parameters = tomlkit.table(is_super_table=True)
    for name in choice.names:
        value = np.asarray(start[name], float)
        said_of = {"start": (value.ravel() if value.ndim else value).tolist(), "fix": True if name in fixed else None}
        if name in bounds:
            low, high = bounds[name]
            said_of["bounds"] = [-np.inf if low is None else low, np.inf if high is None else high]
        parameters.append(name, _table(said_of))
    document["parameters"] = parameters
    return tomlkit.dumps(document)


def _settings(settings: FitSettings) -> dict[str, Any]:
    """The values that are set, by the name of the option, as TOML has them; the others are `None`."""
    values = {each.name: getattr(settings, each.name) for each in fields(settings)} | {**settings.layout_options}
    return {name: _as_toml(name, value) for name, value in values.items()}


def _model(name: str) -> str:
    return str(Path(name).absolute()) if is_in_file(name) else name


def _as_toml(name: str, value: Any) -> Any:
    if value is None or value is False or (isinstance(value, tuple | list) and not value):
        return None
    if isinstance(value, StrEnum):
        return value.value
    if name == "repeat":
        return [str(Path(each).absolute()) for each in value]
    if isinstance(value, tuple | list):
        return [_as_toml(name, each) for each in value]
    return value if name in _NO_LIST else _number(value)


def _number(value: Any) -> Any:
    """Text that is a number as that number, and any other value as it is."""
    if not isinstance(value, str):
        return value
    try:
        return float(value)
    except ValueError:
        return value


def _table(values: Mapping[str, Any]) -> Any:
    import tomlkit

    table = tomlkit.table()
    for name, value in values.items():
        if value is not None:
            table[name] = value
    return table
