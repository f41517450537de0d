"""Models in which several parameters are one."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from .close_names import did_you_mean
from .model import TwoTimeModel
from .parameter_names import named_leaves, names_by_path
from .parameters import ParameterLeaf
from .tied_values import with_tied_values


def tie(model: TwoTimeModel, ties: Mapping[str, str]) -> TwoTimeModel:
    """The model with some parameters tied to others: a tied parameter always has the value of the other one.

    `hx.tie(model, {"beta": "alpha"})` has one exponent for diffusion and shear. The two may belong to different terms,
    or to the detection or the scaling. In a fit they are one free parameter with the name of the other one, `alpha`;
    fixed parameters, bounds, priors and starts take this name. Within the bounds of both, unless you pass bounds. A
    derivative of the model in `alpha` includes the effect of `beta`, and a derivative in `beta` is 0.

    **Arguments:**

    - `ties`: tied parameter → the other parameter, by name or by path in the model, as in `fit`. An array is tied as a
      whole, to another one of its shape. Several parameters may be tied to the same one.

    **Returns:** a model of the same kind. The tied parameters start from the value of the others.

    **Raises:** `ValueError` for names that the model does not have, single elements of an array, parameters of
    different units or shapes, a parameter that is tied twice or to itself, and one that is tied to a tied one.
    """
    leaves = {leaf.name: leaf for leaf in named_leaves(model)}
    by_path = names_by_path(leaves.values())
    found = {leaf.path: leaves[leaf.tied_to].path for leaf in leaves.values() if leaf.tied_to}
    for tied, other in ties.items():
        a, b = (_leaf(by_path.get(name, name), leaves) for name in (tied, other))
        _check_pair(a, b)
        if found.setdefault(a.path, b.path) != b.path:
            raise ValueError(f"{a.name} is tied twice, to {b.name} and to another parameter. Tie it once.")
    names = {leaf.path: leaf.name for leaf in leaves.values()}
    for tied, other in found.items():
        if other in found:
            raise ValueError(
                f"{names[tied]} is tied to {names[other]}, which is itself tied to {names[found[other]]}. Tie both to "
                "one parameter that is not tied."
            )
    return with_tied_values(replace(model, ties=tuple(found.items())))


def _leaf(name: str, leaves: Mapping[str, ParameterLeaf]) -> ParameterLeaf:
    if name in leaves:
        return leaves[name]
    of_element = name.partition("[")[0]
    if of_element in leaves:
        raise ValueError(f"ties names {name}, a single element. Tie {of_element} as a whole.")
    raise ValueError(
        f"ties names {name}, which the model does not have.{did_you_mean(name, [*leaves])} It has {', '.join(leaves)}."
    )


def _check_pair(a: ParameterLeaf, b: ParameterLeaf) -> None:
    if a.name == b.name:
        raise ValueError(f"{a.name} is tied to itself; expected another parameter.")
    if a.unit != b.unit:
        raise ValueError(
            f"{a.name} is in {a.unit or 'no unit'}, and {b.name} in {b.unit or 'no unit'}; only parameters of one unit "
            "can be tied."
        )
    if np.shape(a.value) != np.shape(b.value):
        raise ValueError(
            f"{a.name} has the shape {np.shape(a.value)}, and {b.name} {np.shape(b.value)}; only parameters of one "
            "shape can be tied."
        )
