"""A model as the equations it stands for, with the values of its parameters."""

import dataclasses
import inspect
import re
from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import numpy as np

from .geometry import is_concrete

_MOST_VALUES = 8
_END_OF_FORMULA = r"[.:]$|[:;] |, (?=[a-z]{3})"


def equation(module: eqx.Module) -> str:
    """The equation of a model, term, rate or other part, then those of its parts, each with its values and units.

    The equation of a class is what its docstring begins with, up to the first colon or comma: whoever writes a term
    with a docstring like «g1 = exp(−q·v·τ): …» has it printed.
    """
    return "\n".join(_lines(module, "", "", 0))


def _lines(module: eqx.Module, name: str, unit: str, depth: int) -> Iterator[str]:
    if isinstance(module, eqx.nn.Shared):
        yield from _lines(module.pytree, name, unit, depth)
        return
    label = "  " * depth + (f"{name} = " if name else "") + type(module).__name__
    if type(module).__module__.split(".")[0] == "equinox":
        count = sum(x.size for x in jax.tree.leaves(eqx.filter(module, eqx.is_inexact_array)))
        yield f"{label} of {count} values"
        return
    values, parts = [], []
    for field in dataclasses.fields(module):
        value = getattr(module, field.name)
        its_unit = field.metadata.get("unit", "").replace("{unit}", unit)
        if isinstance(value, eqx.Module):
            parts.append((value, field.name, its_unit))
        elif isinstance(value, tuple) and value and all(isinstance(v, eqx.Module) for v in value):
            parts.extend((v, f"{field.name}[{k}]", its_unit) for k, v in enumerate(value))
        elif not callable(value):
            values.append(f"{field.name} = {_number(value)} {its_unit}".rstrip())
    formula = _formula(type(module))
    yield label + (f": {formula}" if formula else "") + (f"   [{', '.join(values)}]" if values else "")
    for value, its_name, its_unit in parts:
        yield from _lines(value, its_name, its_unit, depth + 1)


def _formula(cls: type) -> str:
    first = re.split(_END_OF_FORMULA, (inspect.getdoc(cls) or "").split("\n")[0])[0]
    return first if " = " in first else ""


def _number(value: Any) -> str:
    if isinstance(value, jax.Array) and not is_concrete(value):
        return "traced"
    if isinstance(value, jax.Array | tuple) and np.ndim(value):
        array = np.asarray(value)
        return f"[{', '.join(f'{x:.6g}' for x in array.ravel())}]" if array.size <= _MOST_VALUES else f"{array.shape}"
    if isinstance(value, jax.Array | float):
        return f"{float(value):.6g}"
    return str(value)
