"""The parameters that the data sets of a joint fit share, and those that each has for itself."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np

from ..data import TwoTimeData
from ..engine import Packed
from ..engine.devices import devices_for
from ..engine.losses import AbstractLoss
from ..fit.fit_input import FitData, FitInput, check_input, input_of
from ..fit.free_parameters import ParameterBounds, Priors, choose_free
from ..fit.parameter import Parameter
from ..physics.model import TwoTimeModel, with_mean_scaling
from ..physics.parameter_names import named_leaves, names_by_path

DataSets = Sequence[FitData] | Mapping[str, FitData]
Models = TwoTimeModel | Sequence[TwoTimeModel] | Mapping[str, TwoTimeModel]


@final
@dataclass(frozen=True)
class Member:
    """One data set of a joint fit: its label, its model and data, and where its free parameters, in their order, are
    among those of the joint fit."""

    label: str
    given: FitInput
    places: tuple[int, ...]


@final
@dataclass(frozen=True)
class Members:
    """All data sets of a joint fit, and all its parameters: each once where it is shared."""

    each: tuple[Member, ...]
    parameters: tuple[Parameter, ...]
    shared: tuple[str, ...]

    @property
    def free(self) -> tuple[Parameter, ...]:
        return tuple(p for p in self.parameters if p.free)

    @property
    def n_pairs(self) -> int:
        return sum(int(member.given.packed.n_pairs) for member in self.each)

    def started(self, values: np.ndarray) -> "Members":
        """The same from other starts, (n_free,), within their bounds."""
        moved = iter(values.tolist())
        parameters = tuple(p.started_at(min(max(next(moved), p.low), p.high)) if p.free else p for p in self.parameters)
        return replace(self, parameters=parameters)


def members_of(
    models: Models,
    data: DataSets,
    shared: Iterable[str] | None,
    separate: Iterable[str],
    free: Iterable[str] | None,
    fixed: Iterable[str],
    bounds: ParameterBounds | None,
    priors: Priors | None,
    loss: AbstractLoss,
) -> Members:
    """Put the data sets together.

    **Raises:** `ValueError` for no data, names that no model has, lists of different lengths, a list of models without
    `shared`, a shared parameter of different shapes, and as `fit_input`.
    """
    labels = _labels(data)
    sets = list(data.values()) if isinstance(data, Mapping) else list(data)
    own_models = _models(models, labels, sets)
    for model, each in zip(own_models, sets, strict=True):
        check_input(model, each)
    names = [{leaf.name for leaf in named_leaves(model)} for model in own_models]
    of_scaling = {leaf.name for model in own_models for leaf in named_leaves(model) if leaf.of_scaling}
    together = _shared(own_models, names, of_scaling, shared, separate, isinstance(models, TwoTimeModel))
    _check_names({"bounds": bounds, "priors": priors}, own_models, labels, together)
    parameters: dict[str, Parameter] = {}
    members = []
    sets, devices = _on_the_same_devices(sets)
    by_path = {path: name for model in own_models for path, name in names_by_path(named_leaves(model)).items()}
    every = set.union(*names)
    free = None if free is None else _known("free", free, every, by_path)
    fixed = _known("fixed", fixed, every, by_path)
    for label, model, own, each in zip(labels, own_models, names, sets, strict=True):
        chosen = choose_free(
            model,
            None if free is None else free & own,
            fixed & own,
            _of_member(bounds, label, model),
            _of_member(priors, label, model),
        )
        given = input_of(model, each, chosen, loss, devices)
        places = []
        for p in chosen.parameters:
            joint = p if p.leaf in together else replace(p, name=f"{label}.{p.name}", leaf=f"{label}.{p.leaf}")
            if p.exponent and p.exponent.partition("[")[0] not in together:
                joint = replace(joint, exponent=f"{label}.{p.exponent}")
            if p.tied_to and p.leaf not in together:
                joint = replace(joint, tied_to=f"{label}.{p.tied_to}")
            first = parameters.setdefault(joint.name, joint)
            if first.free != p.free:
                raise ValueError(
                    f"{p.name} is shared, but free in one model and fixed in another. Make it one or the other."
                )
            if p.free:
                places.append(joint.name)
        members.append((label, given, places))
    numbers = {name: k for k, name in enumerate(name for name, p in parameters.items() if p.free)}
    return Members(
        tuple(Member(label, given, tuple(numbers[name] for name in places)) for label, given, places in members),
        tuple(parameters.values()),
        tuple(sorted(together)),
    )


def _on_the_same_devices(sets: Sequence[FitData]) -> tuple[list[FitData], list[Any]]:
    """The data sets, and the devices for those that are not packed yet: the most that any packed one is spread over, or
    as many as all together keep busy. Those that are spread over others come to one device, which goes with any."""
    meshes = [x.mesh for x in sets if isinstance(x, Packed) and x.mesh is not None]
    if not meshes:
        maps = [x.geometry for x in sets if isinstance(x, TwoTimeData)]
        return list(sets), devices_for(sum(x.n_sector * x.n_t**2 // 2 for x in maps))
    mesh = max(meshes, key=lambda x: x.size)
    together = [x.on_one_device() if isinstance(x, Packed) and x.mesh != mesh else x for x in sets]
    return together, list(mesh.devices.flat)


def _labels(data: DataSets) -> list[str]:
    labels = list(data) if isinstance(data, Mapping) else [f"data[{k}]" for k in range(len(data))]
    if not labels:
        raise ValueError("data is empty; expected one data set or more.")
    return labels


def _models(models: Models, labels: list[str], sets: Sequence[Any]) -> list[TwoTimeModel]:
    """One model for each data set, with a scaling for its sectors."""
    if isinstance(models, TwoTimeModel):
        found = [models] * len(sets)
    elif isinstance(models, Mapping):
        if list(models) != labels:
            raise ValueError(f"The models are named {list(models)}, the data {labels}; expected the same names.")
        found = list(models.values())
    else:
        found = list(models)
    if len(found) != len(sets):
        raise ValueError(
            f"There are {len(found)} models and {len(sets)} data sets; expected one model, or one for each."
        )
    for each in sets:
        if not isinstance(each, FitData):
            raise TypeError(
                f"data holds a {type(each).__name__}; expected TwoTimeData, PairData or OneTimeData, or hx.pack of one "
                "of them."
            )
    return [with_mean_scaling(model, each.geometry.n_sector) for model, each in zip(found, sets, strict=True)]


def _shared(
    models: Sequence[TwoTimeModel],
    names: Sequence[set[str]],
    of_scaling: set[str],
    shared: Iterable[str] | None,
    separate: Iterable[str],
    one_model: bool,
) -> set[str]:
    """The names of the parameters that are one for all data sets."""
    every = set.union(*names)
    by_path = {path: name for model in models for path, name in names_by_path(named_leaves(model)).items()}
    separate = _known("separate", separate, every, by_path)
    if shared is None and not one_model:
        raise ValueError(
            "There are several models, and shared is not given. Name the parameters that are the same in all of them: "
            f"shared={sorted(set.intersection(*names) - of_scaling)!r}; or shared=[] for none."
        )
    chosen = every - of_scaling if shared is None else _known("shared", shared, every, by_path)
    both = sorted(chosen & separate) if shared is not None else []
    if both:
        raise ValueError(f"{', '.join(both)} is named in shared and in separate. Name it in one of them.")
    tied_to = {leaf.name: leaf.tied_to for model in models for leaf in named_leaves(model) if leaf.tied_to}
    for option, named in (("shared", chosen if shared is not None else ()), ("separate", separate)):
        for name in sorted(set(named) & {*tied_to}):
            raise ValueError(f"{option} names {name}, which is tied to {tied_to[name]}. Name {tied_to[name]}.")
    chosen -= separate
    chosen = chosen - {*tied_to} | {name for name, other in tied_to.items() if other in chosen}
    for name in sorted(chosen):
        shapes = {np.shape(leaf.value) for model in models for leaf in named_leaves(model) if leaf.name == name}
        if len(shapes) > 1:
            raise ValueError(
                f"{name} has the shapes {sorted(shapes)} in the models of the data sets and cannot be shared. Name it "
                "in separate."
            )
    return chosen


def _known(option: str, given: Iterable[str], every: set[str], by_path: Mapping[str, str]) -> set[str]:
    if isinstance(given, str):
        raise TypeError(f"{option} is the string {given!r}; expected a list of parameter names, as in [{given!r}].")
    found = [by_path.get(name, name) for name in given]
    unknown = [name for name in found if name not in every]
    if unknown:
        listed = ", ".join(sorted(every))
        raise ValueError(f"{option} names {', '.join(unknown)}, which no model has. There are {listed}.")
    return set(found)


def _accepted(label: str, model: TwoTimeModel) -> dict[str, str]:
    """From every name under which a parameter of a data set may be given to the name in its model."""
    leaves = named_leaves(model)
    own = {name: name for name in names_by_path(leaves)} | {leaf.name: leaf.name for leaf in leaves}
    for leaf in leaves:
        own |= {f"{leaf.name}[{','.join(map(str, at))}]": "" for at in np.ndindex(*np.shape(leaf.value)) if at}
    own = {name: name for name in own}
    return own | {f"{label}.{name}": name for name in own}


def _of_member(given: Mapping[str, Any] | None, label: str, model: TwoTimeModel) -> dict[str, Any]:
    """The bounds or priors of one data set, by name: those of its own label go before those of all."""
    accepted = _accepted(label, model)
    found = {name: value for name, value in (given or {}).items() if name in accepted}
    plain = {name: value for name, value in found.items() if accepted[name] == name}
    return plain | {accepted[name]: value for name, value in found.items() if accepted[name] != name}


def _check_names(
    given: Mapping[str, Any], models: Sequence[TwoTimeModel], labels: Sequence[str], together: set[str]
) -> None:
    accepted: dict[str, str] = {}
    for label, model in zip(labels, models, strict=True):
        accepted |= _accepted(label, model)
    every = sorted({leaf.name for model in models for leaf in named_leaves(model)})
    for option, named in given.items():
        unknown = [name for name in named or {} if name not in accepted]
        if unknown:
            raise ValueError(
                f"{option} names {', '.join(unknown)}, which no model has. There are {', '.join(every)}, for one data "
                f"set with its label in front ({labels[0]}.{every[0]})."
            )
        for name in named or {}:
            if accepted[name] != name and accepted[name].partition("[")[0] in together:
                raise ValueError(
                    f"{option} names {name}, but {accepted[name]} is one for all data sets. Name it without the label, "
                    "or in separate."
                )
