"""Quantities that a module states beside its parameters: the rates that it holds, over time and on average."""

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any, ClassVar, final

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from .accumulation import AbstractAccumulation, Trapezoid
from .composition import class_words, components_of, modules_within
from .floors import floored
from .geometry import Geometry
from .parameters import unit_within
from .per_sector import at_sector
from .rates import AbstractRate


@final
class Quantity(eqx.Module):
    """A quantity that follows from the parameters of a module.

    - `name`, `unit`: as printed in results;
    - `value`: in that unit, a scalar; of a curve one value for each frame, `(n_t,)`.
    """

    name: str = eqx.field(static=True)
    unit: str = eqx.field(static=True)
    value: Float[Array, "*n_t"]


class AbstractWithQuantities(eqx.Module):
    """A module that states quantities of its own and of all that it is composed of.

    The rates that it holds need no more than a label in their fields (`component`). What else there is to state goes
    to `stated`: name, unit, and a function of the module and a geometry of one sector, whose result is a scalar for
    a summary, one value for each frame for a curve. A class that wants none of this defines `summaries` and
    `curves` itself.
    """

    stated: ClassVar[tuple[tuple[str, str, Callable[[Any, Geometry], Array]], ...]] = ()

    def summaries(self, geometry: Geometry) -> tuple[Quantity, ...]:
        """Scalars: the mean of each rate over the frames, and what else is stated.

        The mean is the integral by the rule of the module itself (its `accumulation`; the trapezoidal rule where it has
        none) over the duration. Quantities of one name have the term in brackets: «mean J (diffusion_2)».

        **Arguments:** `geometry`: of one sector, as for `nodes`.
        """
        here = at_sector(self, geometry.index)
        return _told_apart(here, _gathered(here, "", geometry, averaged=True))

    def curves(self, geometry: Geometry) -> tuple[Quantity, ...]:
        """Each rate over time, one value for each frame, and what else is stated.

        A rate is evaluated at max(t, time_floor).

        **Arguments:** `geometry`: of one sector, as for `nodes`.
        """
        here = at_sector(self, geometry.index)
        return _told_apart(here, _gathered(here, "", geometry, averaged=False))


def labels_within(root: eqx.Module) -> dict[str, tuple[str, int]]:
    """For the path of each term and detection: the name of its class in small letters, and its number among those of
    one name, 0 where there is one alone."""
    inner = [(path, module) for path, module in modules_within(root) if isinstance(module, AbstractWithQuantities)]
    words = [class_words(module) for _, module in inner]
    numbers = [words[: k + 1].count(word) if words.count(word) > 1 else 0 for k, word in enumerate(words)]
    return {path: label for (path, _), label in zip(inner, zip(words, numbers, strict=True), strict=True)}


def _gathered(
    module: eqx.Module, path: str, geometry: Geometry, averaged: bool, unit: str = "", owner: str = ""
) -> Iterator[tuple[str, Quantity]]:
    """All quantities, each with the path of the term that states it."""
    yield from ((owner, quantity) for quantity in _own(module, geometry, averaged, unit))
    for field in dataclasses.fields(module):
        within = unit_within(field.metadata.get("unit", ""), unit)
        for place, inner in components_of(module, field):
            at = path + place
            if not isinstance(inner, AbstractWithQuantities):
                if not isinstance(inner, AbstractRate):
                    yield from _gathered(inner, at, geometry, averaged, within, owner)
            elif averaged and type(inner).summaries is not AbstractWithQuantities.summaries:
                yield from ((at, quantity) for quantity in inner.summaries(geometry))
            elif not averaged and type(inner).curves is not AbstractWithQuantities.curves:
                yield from ((at, quantity) for quantity in inner.curves(geometry))
            else:
                yield from _gathered(inner, at, geometry, averaged, within, at)


def _own(module: eqx.Module, geometry: Geometry, averaged: bool, unit: str) -> Iterator[Quantity]:
    """The quantities of one module: its rates, then the rest."""
    rules = [value for value in vars(module).values() if isinstance(value, AbstractAccumulation)]
    for field in dataclasses.fields(module):
        rates = [(place, x) for place, x in components_of(module, field) if isinstance(x, AbstractRate)]
        within = unit_within(field.metadata.get("unit", ""), unit)
        label = field.metadata.get("label", "") or f"{class_words(module)} {field.name}".replace("_", " ")
        rule = rules[0] if rules and field.metadata.get("accumulated", True) else Trapezoid()
        for place, rate in rates:
            name = label + (place.removeprefix(f".{field.name}") if len(rates) > 1 else "")
            if not averaged:
                yield Quantity(name, within, rate(floored(geometry.t, geometry.time_floor)))
                continue
            accumulated = rule(rate, geometry)
            mean = (accumulated[-1] - accumulated[0]) / jnp.sum(geometry.intervals)
            for of_mean, factor in ((name, 1), *field.metadata.get("also", ())):
                yield Quantity(f"mean {of_mean}", within, factor * mean)
    if isinstance(module, AbstractWithQuantities):
        for name, within, function in type(module).stated:
            value = function(module, geometry)
            if (value.ndim == 0) == averaged:
                yield Quantity(name, within, value)


def _told_apart(root: eqx.Module, found: Iterator[tuple[str, Quantity]]) -> tuple[Quantity, ...]:
    """The quantities, those of one name with the term that states them in brackets.

    **Raises:** `ValueError` where one term states two of one name.
    """
    pairs = list(found)
    names = [quantity.name for _, quantity in pairs]
    labels = labels_within(root) if len({*names}) < len(names) else {}
    named = []
    for path, quantity in pairs:
        name = quantity.name
        if names.count(name) > 1:
            word, number = labels[path]
            name = f"{name} ({word}_{number})" if number else f"{name} ({word})"
        named.append(Quantity(name, quantity.unit, quantity.value))
    repeated = [quantity.name for k, quantity in enumerate(named) if quantity.name in {q.name for q in named[:k]}]
    if repeated:
        raise ValueError(
            f"{type(root).__name__} states more than one quantity of the name {repeated[0]!r}. Give them labels that "
            'differ: hx.component(unit, label="…").'
        )
    return tuple(named)
