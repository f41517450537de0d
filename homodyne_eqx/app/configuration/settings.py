"""The settings of a configuration file, as the values of options and as settings of a fit."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from ...data.formats import all_reader_options
from ..fit_settings import FitSettings
from ..model_choice import AccumulationName, KernelName, LossName, RatesName, ScalingName, WeightsName
from ..model_file import is_in_file
from .config import Config
from .keys import PATHS, SECTIONS

_NAMES = {
    "kernel": KernelName,
    "accumulation": AccumulationName,
    "rates": RatesName,
    "diffusion_rates": RatesName,
    "shear_rates": RatesName,
    "scaling": ScalingName,
    "loss": LossName,
    "weights": WeightsName,
}


def option_values(config: Config) -> dict[str, Any]:
    """Values of the options of `fit` by their name in Python, as the command line would take them.

    Parameters are not among them: `with_parameters` adds these, name by name.
    """
    values: dict[str, Any] = {}
    for section, keys in SECTIONS.items():
        for name, value in config.sections.get(section, {}).items():
            option = keys[name].option
            if option is not None:
                values[option] = _as_typed(option, name, value, config.path.parent)
    return values


def with_parameters(settings: FitSettings, config: Config | None) -> FitSettings:
    """The settings with what the file says of parameters, where they say nothing of the same name themselves.

    A flag `--start-from` goes before the start values of the file, but for parameters that the file fixes.
    """
    if config is None:
        return settings
    started, fixed, bounded = (
        {text.partition("=")[0].strip(): text for text in texts}
        for texts in (settings.start, settings.fix, settings.bound)
    )
    from_result = settings.start_from is not None and "start_from" not in config.sections.get("fit", {})
    start, fix, bound = [*settings.start], [*settings.fix], [*settings.bound]
    for name, said in config.parameters.items():
        replaced = from_result and not said.get("fix")
        has_value = replaced or name in started or "=" in fixed.get(name, "")
        if "start" in said and not has_value:
            values = said["start"] if isinstance(said["start"], list) else [said["start"]]
            start.append(f"{name}={','.join(repr(float(value)) for value in values)}")
        if said.get("fix") and name not in fixed:
            fix.append(name)
        if "bounds" in said and name not in bounded:
            low, high = (repr(float(end)) if abs(end) != float("inf") else "" for end in said["bounds"])
            bound.append(f"{name}={low}:{high}")
    return replace(settings, start=tuple(start), fix=tuple(fix), bound=tuple(bound))


def settings_of(config: Config) -> FitSettings:
    """The settings of a fit that the file describes, without any flags."""
    values = option_values(config)
    given: dict[str, Any] = {}
    for each in fields(FitSettings):
        if each.name in values:
            value = values[each.name]
            as_set = tuple(value) if isinstance(value, list) else value
            given[each.name] = _NAMES[each.name](value) if each.name in _NAMES else as_set
    layout = {option.name: values.get(option.name) for option in all_reader_options()}
    return with_parameters(FitSettings(**given, layout_options=layout), config)


def _as_typed(option: str, name: str, value: Any, folder: Path) -> Any:
    """A value as the command line has it: numbers that may have a unit as text, pairs as such, lists of files."""
    if option in PATHS:
        return [folder / each for each in value] if isinstance(value, list) else folder / value
    if option == "model" and is_in_file(value):
        return str(folder / value)
    if option in ("q", "phi"):
        return tuple(_text(each) for each in value)
    if option == "frames":
        return tuple(value)
    if option == "sector":
        return value
    if isinstance(value, list):
        return ",".join(_text(each) for each in value)
    kind = next((each.text_or_type for each in all_reader_options() if each.name == option), None)
    return _text(value) if kind is str or option in ("gap", "sigma") else value


def _text(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)


def differs(config: Config | None, sha256: str | None) -> bool:
    """Whether the settings were written by a fit of a file with another content."""
    return config is not None and None not in (config.input_sha256, sha256) and config.input_sha256 != sha256
