"""Quantities that a fitted model states beside its parameters, with uncertainties from those of the parameters."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, final

import equinox as eqx
import jax
import numpy as np
from jax.flatten_util import ravel_pytree

from ...physics.dependence import influences
from ...physics.geometry import Geometry
from ...physics.model import TwoTimeModel
from ...physics.per_sector import marked_per_sector
from ...physics.quantities import Quantity
from ..parameter import Parameter
from ..problem import model_with

Variance = Callable[[np.ndarray], float]
"""From the slopes of a quantity in the free parameters, (n_free,), to its variance: what a covariance says of it. NaN
where all parameters that it follows from are fixed or at a bound."""


@final
@dataclass(frozen=True)
class Curve:
    """A rate over time, as fitted: `value` at the times `t` of the frames, s, and 1σ to either side, `low` and `high`.

    All of shape `(n_t,)`; `value`, `low` and `high` in `unit`. `low` and `high` are infinite where the data do not
    determine the rate, and NaN where it is at its floor.
    """

    t: np.ndarray
    value: np.ndarray
    low: np.ndarray
    high: np.ndarray
    unit: str


def derived_quantities(
    model: TwoTimeModel, free: Any, variance: Variance, white_noise_variance: Variance, geometry: Geometry
) -> list[Parameter]:
    """The scalar quantities that a model states, such as rates averaged over the frames.

    What follows from fixed parameters alone is not free, and has no uncertainty. What differs from sector to sector has
    the number of the sector in its name.

    **Arguments:** `free`: a PyTree of bool like the model, true for the free parameters; `white_noise_variance`: as
    `variance`, if the noise of every pair of frames were independent.
    """
    return [
        Parameter(
            quantity.name,
            quantity.name,
            float(quantity.value),
            quantity.unit,
            free=bool(np.any(slope)),
            white_noise_uncertainty=_sigma(white_noise_variance, slope),
            spread=partial(_sigma, variance, slope),
        )
        for quantity, slope in _stated(model, free, geometry, averaged=True)
    ]


def curves_of(
    model: TwoTimeModel,
    free: Any,
    variance: Variance,
    geometry: Geometry,
    following: Sequence[int] | None = None,
) -> dict[str, Curve]:
    """The rates of a model over time by name, with 1σ from the same variance as that of the parameters.

    **Arguments:** `following`: only those that change with one of these free parameters, by number; else all.
    """
    t, found = np.asarray(geometry.t, float), {}
    for quantity, slopes in _stated(model, free, geometry, averaged=False):
        if following is not None and not np.any(slopes[:, list(following)]):
            continue
        value = np.asarray(quantity.value, float)
        sigma = np.array([_sigma(variance, slope) for slope in slopes])
        found[quantity.name] = Curve(t, value, value - sigma, value + sigma, quantity.unit)
    return found


def _sigma(variance: Variance, slope: np.ndarray) -> float:
    return float(np.sqrt(variance(slope)))


def _stated(
    model: TwoTimeModel, free: Any, geometry: Geometry, averaged: bool
) -> Iterator[tuple[Quantity, np.ndarray]]:
    """Each quantity with its slopes in the free parameters, (n_free,) or (n_t, n_free).

    What follows from a parameter with one value for each sector is stated sector by sector, «mean J[3]»; anything
    else is the same in all sectors, and stated for the first.
    """
    moving, rest = eqx.partition(model, free)
    some = range(geometry.n_sector if any(marked_per_sector(model)) else 1)
    sectors = [geometry.with_sectors(jax.tree.map(lambda x, k=k: x[k], geometry.sectors)) for k in some]
    found = [_quantities_and_slopes(moving, rest, one, averaged) for one in sectors]
    for number, by_sector in enumerate(_differing(model, sectors[0], averaged)):
        for k, (quantities, slopes) in enumerate(found if by_sector else found[:1]):
            quantity, slope = quantities[number], np.asarray(slopes[number], float)
            name, equals, meaning = quantity.name.partition(" = ")
            name = f"{name}[{k}]{equals}{meaning}" if by_sector else quantity.name
            yield Quantity(name, quantity.unit, quantity.value), slope


def _differing(model: TwoTimeModel, one: Geometry, averaged: bool) -> list[bool]:
    """For each quantity whether it follows from parameters that have one value for each sector."""

    def values(index: jax.Array) -> list[jax.Array]:
        here = eqx.tree_at(lambda g: g.index, one, index)
        return [quantity.value for quantity in (model.summaries(here) if averaged else model.curves(here))]

    return [bool(read) for read in influences(values, one.index)]


@eqx.filter_jit
def _quantities_and_slopes(
    moving: TwoTimeModel, rest: TwoTimeModel, geometry: Geometry, averaged: bool
) -> tuple[tuple[Quantity, ...], list[jax.Array]]:
    vector, _ = ravel_pytree(moving)

    def values(v: jax.Array) -> tuple[list[jax.Array], tuple[Quantity, ...]]:
        moved = model_with(moving, rest, v)
        quantities = moved.summaries(geometry) if averaged else moved.curves(geometry)
        return [quantity.value for quantity in quantities], quantities

    slopes, quantities = jax.jacfwd(values, has_aux=True)(vector)
    return quantities, slopes
