"""A model as the equations it stands for, with the values of its parameters."""

import dataclasses
import inspect
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import equinox as eqx
import jax
import numpy as np

from .geometry import is_concrete
from .minus_sign import with_minus
from .parameters import unit_within
from .per_sector import PerSector

_MOST_VALUES = 8
_END_OF_SENTENCE = re.compile(r"[:.](\s|$)")
_EQUATION = re.compile(r"\S+( \S+){0,2} = ")  # «g1 = …», «g2(φ, t_i, t_j) = …»; a longer left side is prose


def equation(module: eqx.Module) -> str:
    """The equation of a model, term, rate or other part, then those of its parts, each with its values and units.

    The equation of a class is the beginning of its docstring, up to the first colon or full stop: a docstring such as
    «g1 = exp(−q · speed · τ): …» is printed this way. Its symbols are the names of its fields, symbols that it defines
    («…, ω = angular_frequency»), and those of every equation: scattering vector q, gap L, azimuth φ, time t, lag τ =
    t_i − t_j.

    After a value, `(fixed)` means that a fit keeps it fixed by default, `(tied)` that it has the value of another
    parameter.
    """
    ties = frozenset(f".{path}" for path, _ in getattr(module, "ties", ()))
    return "\n".join(_lines(_Part(module, module, ties=ties), 0))


class _Part(NamedTuple):
    """A value as it is to be shown, in the field that holds it.

    - `stored`: what the tree holds: the value itself, or a mere place where `tied`, because it follows another.
    - `fixed`: whether a fit leaves it alone.
    - `path`: its place in the module; `ties`: the paths of parameters that a model ties to others.
    """

    value: Any
    stored: Any
    name: str = ""
    unit: str = ""
    fixed: bool = False
    tied: bool = False
    path: str = ""
    ties: frozenset[str] = frozenset()

    def field(self, field: dataclasses.Field) -> "_Part":
        value = getattr(self.value, field.name)
        stored = None if self.tied else getattr(self.stored, field.name)
        return _Part(
            value,
            stored,
            field.name,
            unit_within(field.metadata.get("unit", ""), self.unit),
            self.fixed or not field.metadata.get("free", True),
            self.tied or not isinstance(stored, type(value)),
            f"{self.path}.{field.name}",
            self.ties,
        )

    def element(self, k: int) -> "_Part":
        value, stored = self.value[k], None if self.tied else self.stored[k]
        tied = self.tied or not isinstance(stored, type(value))
        at = {"name": f"{self.name}[{k}]", "path": f"{self.path}[{k}]"}
        return self._replace(value=value, stored=stored, tied=tied, **at)

    @property
    def mark(self) -> str:
        return " (tied)" if self.tied or self.path in self.ties else " (fixed)" if self.fixed else ""


def _lines(part: _Part, depth: int) -> Iterator[str]:
    module = part.value
    if isinstance(module, eqx.nn.Shared):
        stored = None if part.tied else part.stored.pytree
        yield from _lines(part._replace(value=module(), stored=stored, path=f"{part.path}.pytree"), depth)
        return
    label = "  " * depth + (f"{part.name} = " if part.name else "") + type(module).__name__
    if type(module).__module__.split(".")[0] == "equinox":
        count = sum(x.size for x in jax.tree.leaves(eqx.filter(module, eqx.is_inexact_array)))
        yield f"{label} of {count} values{part.mark}"
        return
    values, parts = [], []
    for field in dataclasses.fields(module):
        inner = part.field(field)
        if not field.metadata.get("shown", True):
            continue
        if isinstance(inner.value, PerSector):
            values.append(f"{field.name} = {_number(inner.value.values)} {inner.unit}".rstrip() + inner.mark)
        elif isinstance(inner.value, eqx.Module):
            parts.append(inner)
        elif isinstance(inner.value, tuple) and inner.value and all(isinstance(v, eqx.Module) for v in inner.value):
            parts.extend(inner.element(k) for k in range(len(inner.value)))
        elif "picks_from" in field.metadata:
            origin = field.metadata["picks_from"]
            values.append(f"{field.name} = {', '.join(_picked(inner.value, origin, getattr(module, origin)))}")
        elif not callable(inner.value):
            mark = inner.mark if eqx.is_array(inner.value) else ""
            values.append(f"{field.name} = {_number(inner.value)} {inner.unit}".rstrip() + mark)
    formula = _formula(type(module))
    yield label + (f": {formula}" if formula else "") + (f"   [{', '.join(values)}]" if values else "")
    for inner in parts:
        yield from _lines(inner, depth + 1)


def _formula(cls: type) -> str:
    summary = inspect.cleandoc(cls.__doc__ or "").split("\n\n")[0]
    sentence = " ".join(_END_OF_SENTENCE.split(summary, maxsplit=1)[0].split())
    return sentence if _EQUATION.match(sentence) else ""


def _picked(where: Callable[[Any], Any], origin: str, tree: Any) -> list[str]:
    """The places that a function picks out of a tree, as paths that begin with the field that holds the tree."""
    one = lambda x: isinstance(x, PerSector)  # noqa: E731
    places = jax.tree_util.tree_map_with_path(lambda keys, _: origin + jax.tree_util.keystr(keys), tree, is_leaf=one)
    return jax.tree.leaves(where(places))


def _number(value: Any) -> str:
    if isinstance(value, jax.Array) and not is_concrete(value):
        return "traced"
    if isinstance(value, jax.Array | np.ndarray | tuple):
        array = np.asarray(value)
        if array.dtype.kind not in "biufc":
            return str(value)
        if array.size > _MOST_VALUES:
            return f"{array.shape}"
        return (
            f"[{', '.join(_number(np.asarray(x)) for x in array)}]" if array.ndim else with_minus(f"{array.item():.6g}")
        )
    return with_minus(f"{value:.6g}") if isinstance(value, float) else str(value)
