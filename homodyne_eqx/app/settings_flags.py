"""The options that say how a file is fitted, for commands that fit several: those of `fit`, from its signature."""

import functools
import inspect
from collections.abc import Callable, Collection
from dataclasses import fields
from typing import Any

from ..data.formats import all_reader_options
from .fit_settings import FitSettings

_GATHERED = "settings"
_SEVERAL = ("sector", "repeat", "start", "fix", "bound")


def with_settings_of(
    fit: Callable[..., Any], command: Callable[..., Any], without: Collection[str] = ()
) -> Callable[..., Any]:
    """A command with the options of `fit` that are fields of `FitSettings`, in place of its keyword `settings`, which
    takes them together, and with `**options` for those of the readers.

    **Arguments:** `without`: names of options that the command does not have.
    """
    signature = inspect.signature(command)
    names = {each.name for each in fields(FitSettings)} - {*without}
    own = inspect.signature(fit).parameters.values()
    taken = [p.replace(kind=p.KEYWORD_ONLY) for p in own if p.name in names and p.kind != p.VAR_KEYWORD]
    parameters: list[inspect.Parameter] = []
    for parameter in signature.parameters.values():
        parameters += taken if parameter.name == _GATHERED else [parameter]

    @functools.wraps(command)
    def gathering(*arguments: Any, **options: Any) -> Any:
        given = {p.name: options.pop(p.name) for p in taken if p.name in options}
        several = {name: tuple(given[name] or ()) for name in _SEVERAL if name in given}
        of_layouts = {each.name: options.pop(each.name) for each in all_reader_options() if each.name in options}
        settings = FitSettings(**{**given, **several}, layout_options=of_layouts)
        return command(*arguments, **options, settings=settings)

    complete = signature.replace(parameters=parameters)
    gathering.__signature__ = complete  # pyright: ignore[reportAttributeAccessIssue]
    gathering.__annotations__ = {name: p.annotation for name, p in complete.parameters.items()}
    return gathering
