"""The parameters of a model that a fit moves, by name, with their bounds."""

import math
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..physics.model import TwoTimeModel
from ..physics.parameter_names import element_names, named_leaves, names_by_path, partners_by_leaf
from ..physics.parameters import ParameterLeaf
from .parameter import Parameter
from .priors.prior import AbstractPrior
from .solve.interval import inside

ParameterBounds = Mapping[str, tuple[float | int | None, float | int | None]]
Priors = Mapping[str, AbstractPrior]


@dataclass(frozen=True)
class FreeParameters:
    """The parameters of a model in the order of its leaves, and the leaves that are free.

    - `parameters`: every scalar parameter;
    - `filter`: a PyTree of bool like the model, for `eqx.partition`;
    - `notes`: starts that had to be moved off a bound;
    - `names_by_path`: from a path in the model (`g1.terms[0].rate.value`) to the name of the parameter there;
    - `closed_form`: whether the best contrast and offset are known in closed form: not where one of them is tied.
    """

    parameters: tuple[Parameter, ...]
    filter: Any
    notes: tuple[str, ...]
    names_by_path: Mapping[str, str] = field(default_factory=dict)
    closed_form: bool = False

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
                e = e.started_at(clipped)
            moved.append(e)
        return replace(self, parameters=tuple(moved))

    def started_at(self, given: Mapping[str, Any]) -> "FreeParameters":
        """The same with other starts as a user gives them: the name of a leaf stands for all elements of an array.

        **Raises:** `ValueError` for names that are not free, a wrong number of values, or values outside their bounds.
        """
        given = _by_name(given, self.names_by_path)
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
                values[parameter.name] = _checked(parameter.name, float(value), parameter.low, parameter.high)
        return self.started(values)

    def off_bounds(self) -> "FreeParameters":
        """The same with starts that lie on a bound moved inside, for a solver that could not move them, and notes."""
        moved, notes = [], []
        for e in self.parameters:
            if e.free and not e.low < e.value < e.high:
                value = float(inside(*(jnp.asarray([x], float) for x in (e.value, e.low, e.high)))[0])
                notes.append(f"{e.name} started on its bound {e.value:g} and was moved to {value:g}")
                e = e.started_at(value)
            moved.append(e)
        return replace(self, parameters=tuple(moved), notes=(*self.notes, *notes))

    def without_scaling(self) -> "FreeParameters":
        """The same with contrast and offset fixed.

        **Raises:** `ValueError` unless the scaling has a closed form, both are free and something else is.
        """
        scaling = [parameter for parameter in self.parameters if parameter.of_scaling]
        if not self.closed_form:
            raise ValueError(
                f"The best {', '.join(dict.fromkeys(p.leaf for p in scaling))} have no closed form in this scaling; "
                "they cannot be eliminated. Leave eliminate_scaling off."
            )
        if not all(parameter.free for parameter in scaling):
            raise ValueError(
                "Contrast and offset can be eliminated only where both are free. Free them, or do not eliminate."
            )
        if len(scaling) == len(self.free):
            raise ValueError("Nothing but contrast and offset is free; they need no elimination.")
        fixed = tuple(replace(p, free=False) if p.of_scaling else p for p in self.parameters)
        only_motion = eqx.tree_at(lambda m: m.scaling, self.filter, jax.tree.map(lambda _: False, self.filter.scaling))
        return replace(self, parameters=fixed, filter=only_motion)

    def scaling_bounds(self) -> np.ndarray:
        """((low, high) of contrast, (low, high) of offset): the narrowest of any sector."""
        limits = []
        for leaf in dict.fromkeys(parameter.leaf for parameter in self.parameters if parameter.of_scaling):
            of_leaf = [parameter for parameter in self.parameters if parameter.leaf == leaf]
            limits.append((max(parameter.low for parameter in of_leaf), min(parameter.high for parameter in of_leaf)))
        return np.array(limits)


def choose_free(
    model: TwoTimeModel,
    free: Iterable[str] | None,
    fixed: Iterable[str],
    bounds: ParameterBounds | None,
    priors: Priors | None = None,
) -> FreeParameters:
    """Turn names into free leaves, bounds, priors and start values.

    A name is that of a leaf (`D0`, `contrast`, `diffusion.rate`, or its path in the model, `g1.terms[0].rate.value`),
    which stands for all elements of an array; bounds and priors may also name a single element. A parameter to which
    others are tied stays within the bounds of all of them, unless `bounds` names it.

    **Raises:** `ValueError` for names that the model does not have, those of tied parameters, a start outside its
    bounds or not finite, bounds that are not an interval, a prior of a fixed parameter, or no free parameter;
    `TypeError` for what is no prior.
    """
    leaves = named_leaves(model)
    names = [leaf.name for leaf in leaves]
    elements = [name for leaf in leaves for name in element_names(leaf.name, np.shape(leaf.value))]
    by_path = names_by_path(leaves)
    chosen_free = None if free is None else _listed("free", free, by_path)
    chosen_fixed = _listed("fixed", fixed, by_path)
    bounds, priors = _by_name(bounds or {}, by_path), _by_name(priors or {}, by_path)
    _check_known("free", chosen_free or (), names)
    _check_known("fixed", chosen_fixed, names)
    _check_known("bounds", bounds, [*names, *elements])
    _check_known("priors", priors, [*names, *elements])
    named = {"free": chosen_free or (), "fixed": chosen_fixed, "bounds": bounds, "priors": priors}
    _check_not_tied(named, {leaf.name: leaf.tied_to for leaf in leaves if leaf.tied_to})
    wanted = {leaf.name for leaf in leaves if leaf.free} if chosen_free is None else {*chosen_free}
    is_free = [name in wanted - {*chosen_fixed} for name in names]
    if not any(is_free):
        raise ValueError(f"No parameter is free. The model has {', '.join(names)}.")
    parameters = []
    exponents, plateaus = (partners_by_leaf(leaves, role) for role in ("exponent_of", "plateau_of"))
    crossing = _tied_across_scaling(leaves)
    for leaf, moves in zip(leaves, is_free, strict=True):
        values = np.asarray(leaf.value, dtype=float)
        none = [""] * values.size
        partners = zip(exponents.get(leaf.name, none), plateaus.get(leaf.name, none), strict=True)
        elements_of_leaf = element_names(leaf.name, values.shape)
        other = element_names(leaf.tied_to, values.shape) if leaf.tied_to else none
        together = [leaf.bounds, *(each.bounds for each in leaves if each.tied_to == leaf.name)]
        common = max(low for low, _ in together), min(high for _, high in together)
        for name, value, (exponent, plateau), tied_to in zip(
            elements_of_leaf, values.ravel(), partners, other, strict=True
        ):
            low, high = _interval(name, bounds.get(name, bounds.get(leaf.name, common)))
            prior = _checked_prior(name, priors.get(name, priors.get(leaf.name)), moves)
            if prior is not None:
                low, high = max(low, prior.limits[0]), min(high, prior.limits[1])
                _check_within_bounds(name, prior, low, high)
            if moves:
                value = _checked(name, float(value), low, high)
            parameters.append(
                Parameter(
                    name,
                    leaf.name,
                    float(value),
                    leaf.unit,
                    low,
                    high,
                    start=float(value),
                    free=moves,
                    period=leaf.period,
                    neutral=leaf.neutral,
                    linear=leaf.linear and leaf.of_scaling and leaf.name not in crossing,
                    of_scaling=leaf.of_scaling,
                    prior=prior,
                    exponent=exponent,
                    tied_to=tied_to,
                    plateau=plateau,
                )
            )
    chosen = marked_leaves(model, {name for name, moves in zip(names, is_free, strict=True) if moves})
    return FreeParameters(tuple(parameters), chosen, (), by_path, has_closed_form(model))


def has_closed_form(model: TwoTimeModel) -> bool:
    """Whether the best contrast and offset are known in closed form: not where one of them is tied."""
    return model.scaling.closed_form and not any(path.startswith("scaling.") for tie in model.ties for path in tie)


def marked_leaves(model: TwoTimeModel, names: Collection[str]) -> Any:
    """A PyTree of bool like the model, true for its leaves of these names."""
    marks = iter(leaf.name in names for leaf in named_leaves(model))
    return jax.tree.map(lambda x: eqx.is_inexact_array(x) and next(marks), model)


def _listed(option: str, given: Iterable[str], by_path: Mapping[str, str]) -> list[str]:
    if isinstance(given, str):
        raise TypeError(f"{option} is the string {given!r}; expected a list of parameter names, as in [{given!r}].")
    return [by_path.get(name, name) for name in given]


def _by_name(given: Mapping[str, Any], by_path: Mapping[str, str]) -> dict[str, Any]:
    """**Raises:** `ValueError` where one parameter is named twice, by its path as well."""
    found = {by_path.get(name, name): value for name, value in given.items()}
    if len(found) < len(given):
        twice = [name for name, n in Counter(by_path.get(name, name) for name in given).items() if n > 1]
        raise ValueError(f"{', '.join(twice)} is named twice, once by its path in the model. Name it once.")
    return found


def _check_known(option: str, given: Iterable[str], known: list[str]) -> None:
    unknown = [name for name in given if name not in known]
    if unknown:
        raise ValueError(
            f"{option} names {', '.join(unknown)}, which the model does not have. It has {', '.join(known)}."
        )


def _check_not_tied(given: Mapping[str, Iterable[str]], tied_to: Mapping[str, str]) -> None:
    for option, names in given.items():
        for name in names:
            leaf = name if name in tied_to else name.partition("[")[0]
            if leaf in tied_to:
                raise ValueError(
                    f"{option} names {name}, which is tied to {tied_to[leaf]} and has its value. Name {tied_to[leaf]}, "
                    "or do not tie."
                )


def _tied_across_scaling(leaves: Iterable[ParameterLeaf]) -> set[str]:
    """The names of contrast and offset that are tied to other parameters, and of those."""
    of_scaling = {leaf.name: leaf.of_scaling for leaf in leaves}
    pairs = [(x.name, x.tied_to) for x in leaves if x.tied_to and x.of_scaling != of_scaling[x.tied_to]]
    return {name for pair in pairs for name in pair}


def _interval(name: str, given: tuple[float | int | None, float | int | None]) -> tuple[float, float]:
    low, high = given
    low, high = (-math.inf if low is None else float(low)), (math.inf if high is None else float(high))
    if not low < high:
        raise ValueError(
            f"The bounds of {name} are ({low:g}, {high:g}); expected low < high. To keep it fixed, name it in fixed."
        )
    return low, high


def _checked_prior(name: str, prior: AbstractPrior | None, moves: bool) -> AbstractPrior | None:
    if prior is None:
        return None
    if not isinstance(prior, AbstractPrior):
        raise TypeError(f"The prior of {name} is {prior!r}; expected hx.Normal(…), hx.LogNormal(…) or hx.Uniform(…).")
    if not moves:
        raise ValueError(f"{name} has the prior {prior}, but is fixed. Free it, or leave out its prior.")
    return prior


def _check_within_bounds(name: str, prior: AbstractPrior, low: float, high: float) -> None:
    if not low < high:
        raise ValueError(f"The prior {prior} of {name} leaves no values within its bounds. Change one of the two.")


def _checked(name: str, value: float, low: float, high: float) -> float:
    """A start, which may be on a bound.

    **Raises:** `ValueError` for a start that is not finite, or outside its bounds.
    """
    if not math.isfinite(value):
        raise ValueError(f"The start value of {name} is {value}; expected a finite number.")
    if not low <= value <= high:
        raise ValueError(f"The start value of {name} is {value:g}, outside its bounds ({low:g}, {high:g}).")
    return value
