"""The options that say how a file is fitted, for every command that fits."""

import functools
import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import fields
from typing import Any

from ..data.formats import all_reader_options
from . import options as opt
from .fit_settings import FitSettings

_GATHERED = "settings"
_OPTIONS: Mapping[str, Any] = {
    "model": opt.AnyModel,
    "kernel": opt.Kernel,
    "rates": opt.Rates,
    "diffusion_rates": opt.DiffusionRates,
    "shear_rates": opt.ShearRates,
    "knots": opt.Knots,
    "accumulation": opt.Accumulation,
    "scaling": opt.Scaling,
    "q": opt.QRange,
    "phi": opt.PhiRange,
    "sector": opt.Sectors,
    "frames": opt.Frames,
    "gap": opt.Gap,
    "sigma": opt.Sigma,
    "one_time": opt.OneTime,
    "exclude_frames": opt.ExcludeFrames,
    "exclude_outliers": opt.ExcludeOutliers,
    "exclude_sectors": opt.ExcludeSectors,
    "repeat": opt.Repeats,
    "bin_frames": opt.BinFrames,
    "start": opt.StartValues,
    "fix": opt.Fix,
    "bound": opt.Bounds,
    "start_from": opt.StartFrom,
    "loss": opt.Loss,
    "weights": opt.Weights,
    "max_steps": opt.MaxSteps,
}
"""Field of `FitSettings` → its option."""


def with_settings(command: Callable[..., Any], without: Collection[str] = ()) -> Callable[..., Any]:
    """A command with the options of a fit in the place of its keyword `settings`, which takes them together, those of
    the readers included (`with_reader_flags`). Their defaults are those of `FitSettings`.

    **Arguments:** `without`: names of options that the command does not have.
    """
    signature = inspect.signature(command)
    default = FitSettings()
    several = {each.name for each in fields(FitSettings) if getattr(default, each.name) == ()}
    options = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None if name in several else getattr(default, name),
            annotation=annotation,
        )
        for name, annotation in _OPTIONS.items()
        if name not in without
    ]
    parameters: list[inspect.Parameter] = []
    for parameter in signature.parameters.values():
        parameters += options if parameter.name == _GATHERED else [parameter]

    @functools.wraps(command)
    def gathering(*arguments: Any, **values: Any) -> Any:
        given = {p.name: values.pop(p.name) for p in options if p.name in values}
        lists = {name: tuple(value or ()) for name, value in given.items() if name in several}
        of_layouts = {each.name: values.pop(each.name) for each in all_reader_options() if each.name in values}
        settings = FitSettings(**{**given, **lists}, layout_options=of_layouts)
        return command(*arguments, **values, settings=settings)

    complete = signature.replace(parameters=parameters)
    gathering.__signature__ = complete  # pyright: ignore[reportAttributeAccessIssue]
    gathering.__annotations__ = {name: p.annotation for name, p in complete.parameters.items()}
    return gathering
