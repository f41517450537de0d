"""The parts of a module, found by its fields, and the name of its class."""

import dataclasses
import re
from collections.abc import Iterator
from typing import Any

import equinox as eqx

_BETWEEN_WORDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


def modules_within(module: eqx.Module, path: str = "") -> Iterator[tuple[str, eqx.Module]]:
    """The module and all that it is composed of, each with its path (`.terms[0].rate`), in the order of the fields."""
    yield path, module
    for field in dataclasses.fields(module):
        for place, inner in components_of(module, field):
            yield from modules_within(inner, path + place)


def components_of(module: eqx.Module, field: dataclasses.Field) -> list[tuple[str, eqx.Module]]:
    """The modules that one field holds, itself or in a tuple, list or dictionary, each with its path from the module.

    A module that is tied to another one (`Shared`) is given with the values of that one.
    """
    if field.metadata.get("static", False):
        return []
    return list(_modules_in(getattr(module, field.name), f".{field.name}"))


def class_words(module: eqx.Module) -> str:
    """The name of the class in small letters: `two_components` of `TwoComponents`."""
    return _BETWEEN_WORDS.sub("_", type(module).__name__.strip("_")).lower()


def _modules_in(value: Any, path: str) -> Iterator[tuple[str, eqx.Module]]:
    if isinstance(value, eqx.nn.Shared):
        yield from _modules_in(value(), f"{path}.pytree")
    elif isinstance(value, eqx.Module):
        yield path, value
    elif isinstance(value, tuple | list):
        for k, element in enumerate(value):
            yield from _modules_in(element, f"{path}[{k}]")
    elif isinstance(value, dict):
        for key, element in value.items():
            yield from _modules_in(element, f"{path}[{key!r}]")
