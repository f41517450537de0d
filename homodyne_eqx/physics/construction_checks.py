"""Checks of the values of a module against the declarations of its fields, when it is constructed."""

import dataclasses
import inspect
import typing
from typing import Any

import equinox as eqx
import numpy as np

from .geometry import is_concrete
from .per_sector import all_values

_MOST_NAMES = 6


def check_structure(owner: eqx.Module) -> None:
    """Refuse a part of the wrong kind, anything but a number for a `parameter`, and an array for a scalar parameter.

    The abstract classes call it in their `__check_init__`, so it applies to every class derived from them. It runs at
    construction only: trees that JAX takes apart and puts together again may hold anything.

    **Raises:** `TypeError` or `ValueError` that names the owner, the field, what it was given, and what to do.
    """
    for field in dataclasses.fields(owner):
        value, kind = getattr(owner, field.name), field.type
        if "bounds" in field.metadata:
            _check_number(owner, field, value)
        elif _is_module(kind):
            expect(kind, owner, field.name, value)
        elif typing.get_origin(kind) is tuple and _is_module(kind := typing.get_args(kind)[0]):
            for k, element in enumerate(value):
                expect(kind, owner, f"{field.name}[{k}]", element)


def expect(kind: type, owner: object, name: str, value: object) -> None:
    """Refuse a part of the wrong kind.

    **Raises:** `TypeError` that names the owner, what it was given, and what to write instead.
    """
    if not isinstance(value, kind):
        raise TypeError(
            f"{type(owner).__name__} was given {described(value)} as {name}; expected {_article(kind.__name__)}. "
            f"{_remedy(kind, owner, value)}".rstrip()
        )


def expect_within(owner: object, name: str, value: Any, low: float, high: float, open_ends: bool = False) -> None:
    """Refuse a concrete number outside [low, high] in any sector; outside (low, high) with `open_ends`.

    Traced numbers pass. Anything but a number passes, too: `check_structure` refuses it.

    **Raises:** `ValueError`.
    """
    scalar, value = getattr(value, "shape", None) == (), all_values(value)
    if not (eqx.is_array(value) and scalar and is_concrete(value)):
        return
    for number in np.ravel(value).tolist():
        if not (low < number < high if open_ends else low <= number <= high):
            range_ = f"within ({low:g}, {high:g})" if open_ends else f"from {low:g} to {high:g}"
            raise ValueError(f"{type(owner).__name__} was given {name} = {number:g}; expected a number {range_}.")


def described(value: object) -> str:
    """The kind of a value: `Exact (an AbstractAccumulation)`, `the class Exponential`, `the str 'exact'`."""
    if isinstance(value, type):
        return f"the class {value.__name__}"
    if isinstance(value, eqx.Module):
        bases = [c.__name__ for c in type(value).__mro__[1:] if _is_contract(c)]
        return type(value).__name__ + (f" ({_article(bases[-1])})" if bases else "")
    if isinstance(value, str | bool | int | float):
        return f"the {type(value).__name__} {value!r}"
    return _article(type(value).__name__)


def _check_number(owner: eqx.Module, field: dataclasses.Field, value: Any) -> None:
    name, shape = type(owner).__name__, getattr(value, "shape", None)
    scalar = getattr(field.type, "dims", None) == ()
    if shape is None:
        raise TypeError(
            f"{name} was given {described(value)} as {field.name}; expected {'a number' if scalar else 'numbers'}. "
            f"{_belongs(owner, value)}".rstrip()
        )
    if scalar and shape != ():
        raise ValueError(
            f"{name} was given an array of shape {shape} as {field.name}; expected one number. For a batch, make each "
            "with eqx.filter_vmap."
        )


def _remedy(kind: type, owner: object, value: object) -> str:
    """The remedy: an instance of the class, the field where the value belongs, or something of the kind."""
    if isinstance(value, type) and issubclass(value, kind):
        return f"Write {value.__name__}(…), an instance of it."
    names = _of_the_package(kind)
    if "Constant" in names and eqx.is_array_like(value):
        number = f"{value:g}" if isinstance(value, int | float) else "…"
        return (
            f"Write hx.Constant({number}); or declare the field with hx.component(unit, converter=hx.as_rate), which "
            "takes numbers."
        )
    several = ", ".join(names[:_MOST_NAMES]) + (", …" if len(names) > _MOST_NAMES else "")
    return _belongs(owner, value) or f"The package has {several}."


def _belongs(owner: object, value: object) -> str:
    for field in dataclasses.fields(owner) if dataclasses.is_dataclass(owner) else ():
        if _is_module(field.type) and isinstance(value, field.type):
            return f"It belongs in {field.name}={type(value).__name__}(…)."
    return ""


def _of_the_package(kind: type) -> list[str]:
    """The names of the final classes of a kind."""
    here = [kind.__name__] if vars(kind).get("__final__") and kind.__module__.startswith(f"{__package__}.") else []
    return here + [name for derived in kind.__subclasses__() for name in _of_the_package(derived)]


def _is_module(kind: Any) -> bool:
    return inspect.isclass(kind) and issubclass(kind, eqx.Module)


def _article(name: str) -> str:
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"


def _is_contract(kind: type) -> bool:
    """Whether a class leaves methods to be written: `AbstractTerm`, and not what all terms share."""
    return kind.__name__.startswith("Abstract") and inspect.isabstract(kind)
