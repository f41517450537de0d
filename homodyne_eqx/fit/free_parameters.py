"""Which parameters of a model a fit moves, by name, and between which bounds."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import equinox as eqx
import jax
import numpy as np

from ..physics.documented_models import named_leaves
from ..physics.model import TwoTimeModel
from .parameter import Parameter

ParameterBounds = Mapping[str, tuple[float | int | None, float | int | None]]

_EDGE = 1e-3
_SCALING = ("contrast", "offset")


@dataclass(frozen=True)
class FreeParameters:
    """The parameters of a model in the order of its leaves, and the leaves that are free.

    - `parameters`: every scalar parameter;
    - `filter`: a PyTree of bool like the model, for `eqx.partition`;
    - `notes`: starts that had to be moved off a bound.
    """

    parameters: tuple[Parameter, ...]
    filter: Any
    notes: tuple[str, ...]

    @property
    def free(self) -> tuple[Parameter, ...]:
        return tuple(parameter for parameter in self.parameters if parameter.free)

    def array(self, field: str) -> np.ndarray:
        """A field of every free parameter, (n_params,)."""
        return np.array([getattr(parameter, field) for parameter in self.free], dtype=float)

    def limits(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Lower bounds, upper bounds and start of every free parameter."""
        return self.array("low"), self.array("high"), self.array("value")

    def started(self, values: Mapping[str, float]) -> "FreeParameters":
        """The same with other starts, by the names of single parameters; within their bounds."""
        moved = []
        for e in self.parameters:
            if e.name in values:
                clipped = min(max(float(values[e.name]), e.low), e.high)
                e = e.started_at(_inside(e.name, clipped, e.low, e.high)[0])
            moved.append(e)
        return replace(self, parameters=tuple(moved))

    def started_at(self, given: Mapping[str, Any]) -> "FreeParameters":
        """The same with other starts as a user gives them: the name of a leaf stands for all elements of an array.

        **Raises:** `ValueError` for names that are not free, values of another number, or outside their bounds.
        """
        leaves = list(dict.fromkeys(parameter.leaf for parameter in self.free))
        unknown = [name for name in given if name not in {*leaves, *(parameter.name for parameter in self.free)}]
        if unknown:
            raise ValueError(f"starts names {', '.join(unknown)}, which is not free. Free are {', '.join(leaves)}.")
        values = {}
        for name in sorted(given, key=lambda name: name not in leaves):
            parameters = [parameter for parameter in self.free if name in (parameter.leaf, parameter.name)]
            flat = np.ravel(np.asarray(given[name], float))
            if flat.size not in (1, len(parameters)):
                raise ValueError(f"starts gives {flat.size} values to {name}; expected 1 or {len(parameters)}.")
            for parameter, value in zip(parameters, np.broadcast_to(flat, len(parameters)), strict=True):
                values[parameter.name], _ = _inside(parameter.name, float(value), parameter.low, parameter.high)
        return self.started(values)

    def without_scaling(self) -> "FreeParameters":
        """The same with contrast and offset held.

        **Raises:** `ValueError` unless both are free and something else is.
        """
        scaling = [parameter for parameter in self.parameters if parameter.leaf in _SCALING]
        if {parameter.leaf for parameter in scaling if parameter.free} != set(_SCALING):
            raise ValueError(
                "Contrast and offset can be eliminated only where both are free. Free them, or do not eliminate."
            )
        if len(scaling) == len(self.free):
            raise ValueError("Nothing but contrast and offset is free; they need no elimination.")
        fixed = tuple(replace(p, free=False) if p.leaf in _SCALING else p for p in self.parameters)
        only_motion = eqx.tree_at(lambda m: m.scaling, self.filter, jax.tree.map(lambda _: False, self.filter.scaling))
        return FreeParameters(fixed, only_motion, self.notes)

    def scaling_bounds(self) -> np.ndarray:
        """((low, high) of contrast, (low, high) of offset): the narrowest of any sector."""
        limits = []
        for leaf in _SCALING:
            of_leaf = [parameter for parameter in self.parameters if parameter.leaf == leaf]
            limits.append((max(parameter.low for parameter in of_leaf), min(parameter.high for parameter in of_leaf)))
        return np.array(limits)


def choose_free(
    model: TwoTimeModel, free: Iterable[str] | None, fixed: Iterable[str], bounds: ParameterBounds | None
) -> FreeParameters:
    """Turn names into free leaves, bounds and start values.

    A name is that of a leaf (`D0`, `contrast`, `g1.terms[0].rate.value`), which stands for all elements of an array;
    bounds may also name a single element.

    **Raises:** `ValueError` for names that the model does not have, a start outside its bounds or not finite, bounds
    that are no interval, or nothing free.
    """
    leaves = named_leaves(model)
    names = [leaf.path for leaf in leaves]
    elements = [name for leaf in leaves for name in _elements(leaf.path, np.shape(leaf.value))]
    bounds = dict(bounds or {})
    _check_known("free", free or (), names)
    _check_known("fixed", fixed, names)
    _check_known("bounds", bounds, [*names, *elements])
    wanted = {leaf.path for leaf in leaves if leaf.free} if free is None else set(free)
    is_free = [name in wanted and name not in set(fixed) for name in names]
    if not any(is_free):
        raise ValueError(f"No parameter is free. The model has {', '.join(names)}.")
    parameters, notes = [], []
    for leaf, moves in zip(leaves, is_free, strict=True):
        values = np.asarray(leaf.value, dtype=float)
        for name, value in zip(_elements(leaf.path, values.shape), values.ravel(), strict=True):
            low, high = _interval(name, bounds.get(name, bounds.get(leaf.path, leaf.bounds)))
            if moves:
                value, note = _inside(name, float(value), low, high)
                notes += [note] if note else []
            parameters.append(Parameter(name, leaf.path, float(value), leaf.unit, low, high, float(value), moves))
    moving = iter(is_free)
    chosen = jax.tree.map(lambda x: eqx.is_inexact_array(x) and next(moving), model)
    return FreeParameters(tuple(parameters), chosen, tuple(notes))


def _elements(name: str, shape: tuple[int, ...]) -> list[str]:
    if not shape:
        return [name]
    return [f"{name}[{','.join(map(str, index))}]" for index in np.ndindex(*shape)]


def _check_known(option: str, given: Iterable[str], known: list[str]) -> None:
    if isinstance(given, str):
        raise TypeError(f"{option} is the string {given!r}; expected a list of parameter names, as in [{given!r}].")
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ValueError(
            f"{option} names {', '.join(unknown)}, which the model does not have. It has {', '.join(known)}."
        )


def _interval(name: str, given: tuple[float | int | None, float | int | None]) -> tuple[float, float]:
    low, high = given
    low, high = (-math.inf if low is None else float(low)), (math.inf if high is None else float(high))
    if not low < high:
        raise ValueError(
            f"The bounds of {name} are ({low:g}, {high:g}); expected low < high. To hold it, name it in fixed."
        )
    return low, high


def _inside(name: str, value: float, low: float, high: float) -> tuple[float, str | None]:
    """A start strictly inside its interval; one that sits on an end could never leave it."""
    if not math.isfinite(value):
        raise ValueError(f"The start value of {name} is {value}; expected a finite number.")
    if not low <= value <= high:
        raise ValueError(f"The start value of {name} is {value:g}, outside its bounds ({low:g}, {high:g}).")
    if low < value < high:
        return value, None
    span = high - low if math.isfinite(high - low) else max(abs(value), 1e-6)
    moved = value + (_EDGE if value == low else -_EDGE) * span
    return moved, f"{name} started on its bound {value:g} and was moved to {moved:g}"
